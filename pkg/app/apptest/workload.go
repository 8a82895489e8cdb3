package apptest

import (
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// Namespace is where all workloads are.
const Namespace = "shop"

// Workload is a Deployment of two Pods, and its HPA.
type Workload struct {
	Name       string
	Containers []Container
	// NotReady says that its Pods run and are not Ready.
	NotReady bool
	// Metric and Target are those of its HPA; without a metric it has none.
	Metric string
	Target string
}

// Container is a container of each Pod.
type Container struct {
	Name string
	// Request and Usage are quantities of CPU; an empty request is none.
	Request, Usage string
}

// replicas is how many Pods each workload has.
const replicas = 2

func (w Workload) labels() map[string]string { return map[string]string{"app": w.Name} }

func (w Workload) podName(i int) string { return fmt.Sprintf("%s-%d", w.Name, i) }

func (w Workload) meta(name string, begun time.Time) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: Namespace, Name: name, Labels: w.labels(), UID: types.UID("uid-" + name), ResourceVersion: "1", Generation: 1,
		CreationTimestamp: metav1.NewTime(begun),
	}
}

func (w Workload) object(begun time.Time) metav1.PartialObjectMetadata {
	return metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"},
		ObjectMeta: w.meta(w.Name, begun),
	}
}

func (w Workload) pod(i int, begun time.Time) corev1.Pod {
	since, ready := metav1.NewTime(begun), corev1.ConditionTrue
	if w.NotReady {
		ready = corev1.ConditionFalse
	}
	p := corev1.Pod{
		ObjectMeta: w.meta(w.podName(i), begun),
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, StartTime: &since,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready, LastTransitionTime: since}},
		},
	}
	for _, c := range w.Containers {
		container := corev1.Container{Name: c.Name}
		if c.Request != "" {
			container.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(c.Request)}
		}
		p.Spec.Containers = append(p.Spec.Containers, container)
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: c.Name, Ready: !w.NotReady})
	}
	return p
}

func (w Workload) podMetrics(i int, measured time.Time) metricsv1beta1.PodMetrics {
	m := metricsv1beta1.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: w.podName(i), Labels: w.labels()},
		Timestamp:  metav1.NewTime(measured),
		Window:     metav1.Duration{Duration: 15 * time.Second},
	}
	for _, c := range w.Containers {
		m.Containers = append(m.Containers, metricsv1beta1.ContainerMetrics{
			Name:  c.Name,
			Usage: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(c.Usage)},
		})
	}
	return m
}

func (w Workload) hpa(begun time.Time) autoscalingv2.HorizontalPodAutoscaler {
	target := resource.MustParse(w.Target)
	return autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: w.meta(w.Name, begun),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: w.Name},
			MaxReplicas:    10,
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
				Metric: autoscalingv2.MetricIdentifier{
					Name:     w.Metric,
					Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"deployment": w.Name}},
				},
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &target},
			}}},
		},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: replicas, DesiredReplicas: replicas},
	}
}
