package stage

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Container is one container of a workload.
type Container struct {
	Name string
	// CPU is its request, such as "200m"; none if empty.
	CPU string
	// Native makes it an init container that always restarts.
	Native bool
}

// Workload is a Deployment, StatefulSet or Rollout of the stage.
type Workload struct {
	Namespace, Name string
	// Kind is Deployment if empty.
	Kind     string
	Replicas int32
	// Containers are app with 200m and istio-proxy with 100m if empty.
	Containers []Container
	// Annotations are the Pods'.
	Annotations map[string]string
	// Node, if set, is where all its Pods run, past the scheduler.
	Node string
}

// Cores is the request in CPUs; 0 without one.
func (c Container) Cores() float64 {
	if c.CPU == "" {
		return 0
	}
	q := resource.MustParse(c.CPU)
	return q.AsApproximateFloat64()
}

// Defaults is the workload with the kind and the containers that it has where
// it names none.
func (w Workload) Defaults() Workload {
	w.Kind = cmp.Or(w.Kind, "Deployment")
	if len(w.Containers) == 0 {
		w.Containers = []Container{{Name: "app", CPU: "200m"}, {Name: "istio-proxy", CPU: "100m"}}
	}
	return w
}

// Labels are those of its Pods. Their values end at 63 characters, unlike names.
func (w Workload) Labels() map[string]string {
	return map[string]string{"app": strings.TrimRight(w.Name[:min(len(w.Name), 63)], "-.")}
}

// Selector names it to the adapter, as deployment=NAME.
func (w Workload) Selector() string {
	return strings.ToLower(cmp.Or(w.Kind, "Deployment")) + "=" + w.Name
}

func (w Workload) apiVersion() string {
	if w.Kind == "Rollout" {
		return "argoproj.io/v1alpha1"
	}
	return appsv1.SchemeGroupVersion.String()
}

func (w Workload) template() corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: w.Labels(), Annotations: maps.Clone(w.Annotations)}}
	t.Spec.NodeName = w.Node
	always := corev1.ContainerRestartPolicyAlways
	for _, c := range w.Containers {
		container := corev1.Container{Name: c.Name, Image: "none"}
		if c.CPU != "" {
			container.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(c.CPU)}
		}
		if c.Native {
			container.RestartPolicy = &always
			t.Spec.InitContainers = append(t.Spec.InitContainers, container)
			continue
		}
		t.Spec.Containers = append(t.Spec.Containers, container)
	}
	return t
}

// Apply creates the workload, or changes it to this.
func (s *Stage) Apply(ctx context.Context, w Workload) error {
	w = w.Defaults()
	spec := map[string]any{
		"replicas": w.Replicas,
		"selector": metav1.LabelSelector{MatchLabels: w.Labels()},
		"template": w.template(),
	}
	if w.Kind == "StatefulSet" {
		spec["serviceName"], spec["podManagementPolicy"] = w.Name, appsv1.ParallelPodManagement
	}
	return s.apply(ctx, map[string]any{
		"apiVersion": w.apiVersion(), "kind": w.Kind,
		"metadata": map[string]any{"namespace": w.Namespace, "name": w.Name},
		"spec":     spec,
	})
}

// HPA is one of the stage, on one external metric.
type HPA struct {
	Namespace, Name string
	// For is the workload that it scales.
	For Workload
	// Metric is Max if empty; Selector that of the workload if empty.
	Metric, Selector string
	// Target is of type Value, in percent; 70 if 0. Average, if set, is one
	// of type AverageValue instead.
	Target, Average float64
	Min, Max        int32
	// Metrics replace the external metric if set.
	Metrics  []autoscalingv2.MetricSpec
	Behavior *autoscalingv2.HorizontalPodAutoscalerBehavior
}

func (h HPA) metrics() ([]autoscalingv2.MetricSpec, error) {
	if h.Metrics != nil {
		return h.Metrics, nil
	}
	selector, err := metav1.ParseToLabelSelector(cmp.Or(h.Selector, h.For.Selector()))
	if err != nil {
		return nil, fmt.Errorf("the selector of HPA %s: %w", h.Name, err)
	}
	target := autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: quantity(cmp.Or(h.Target, 70))}
	if h.Average != 0 {
		target = autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: quantity(h.Average)}
	}
	return []autoscalingv2.MetricSpec{{
		Type: autoscalingv2.ExternalMetricSourceType,
		External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: cmp.Or(h.Metric, Max), Selector: selector},
			Target: target,
		},
	}}, nil
}

func quantity(percent float64) *resource.Quantity {
	q := resource.MustParse(strconv.FormatFloat(percent, 'f', 3, 64))
	return &q
}

// ApplyHPA creates the HPA, or changes it to this.
func (s *Stage) ApplyHPA(ctx context.Context, h HPA) error {
	metrics, err := h.metrics()
	if err != nil {
		return err
	}
	w := h.For.Defaults()
	return s.apply(ctx, map[string]any{
		"apiVersion": autoscalingv2.SchemeGroupVersion.String(), "kind": "HorizontalPodAutoscaler",
		"metadata": map[string]any{"namespace": cmp.Or(h.Namespace, w.Namespace), "name": cmp.Or(h.Name, w.Name)},
		"spec": autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: w.apiVersion(), Kind: w.Kind, Name: w.Name},
			MinReplicas:    &h.Min, MaxReplicas: h.Max, Metrics: metrics, Behavior: h.Behavior,
		},
	})
}

func (s *Stage) apply(ctx context.Context, object map[string]any) error {
	text, err := yaml.Marshal(object)
	if err != nil {
		return fmt.Errorf("writing a %s: %w", object["kind"], err)
	}
	return s.Cluster.Apply(ctx, text)
}
