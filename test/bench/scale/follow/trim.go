package main

import (
	"time"
	"unique"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kept is the least that has to be known of a Pod: who it is, whose it is, whether it counts since when, and what its
// containers request. Strings that many Pods share are there once.
type kept struct {
	metav1.ObjectMeta
	labels     []label
	containers []container
	started    time.Time
	readySince time.Time
	ready      bool
}

type label struct{ key, value unique.Handle[string] }

type container struct {
	name  unique.Handle[string]
	milli int64
}

// scaled is the least that has to be known of an HPA.
type scaled struct {
	metav1.ObjectMeta
	target unique.Handle[string]
	value  int64
}

// trim is the informers' transform.
func trim(object any) (any, error) {
	switch o := object.(type) {
	case *corev1.Pod:
		return trimPod(o), nil
	case *autoscalingv2.HorizontalPodAutoscaler:
		out := &scaled{ObjectMeta: identity(&o.ObjectMeta), target: unique.Make(o.Spec.ScaleTargetRef.Name)}
		for _, m := range o.Spec.Metrics {
			if m.External != nil && m.External.Target.Value != nil {
				out.value = m.External.Target.Value.MilliValue()
			}
		}
		return out, nil
	default:
		return object, nil
	}
}

func trimPod(p *corev1.Pod) *kept {
	out := &kept{ObjectMeta: identity(&p.ObjectMeta)}
	for key, value := range p.Labels {
		out.labels = append(out.labels, label{unique.Make(key), unique.Make(value)})
	}
	for _, list := range [][]corev1.Container{p.Spec.Containers, p.Spec.InitContainers} {
		for i := range list {
			out.containers = append(out.containers, container{unique.Make(list[i].Name), list[i].Resources.Requests.Cpu().MilliValue()})
		}
	}
	if p.Status.StartTime != nil {
		out.started = p.Status.StartTime.Time
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			out.ready, out.readySince = c.Status == corev1.ConditionTrue, c.LastTransitionTime.Time
		}
	}
	return out
}

// identity is what an informer needs of an object itself.
func identity(m *metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: unique.Make(m.Namespace).Value(), Name: m.Name, ResourceVersion: m.ResourceVersion}
}
