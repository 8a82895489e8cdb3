package scale

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/crest-hpa/crest/test/stage"
)

const (
	// namespaces and nodes are those among which everything is spread.
	namespaces = 50
	nodes      = 100
	// population is the value of the label partOf on all Pods.
	partOf, population = "app.kubernetes.io/part-of", "population"
	// target is that of every HPA, in percent.
	target = "70"
	// sorts is how many sorts of workloads there are, which differ in their containers.
	sorts = 2
)

// workload is a Deployment with an HPA.
type workload struct {
	number          int
	namespace, name string
	pods            int
}

func newWorkload(number, pods int) workload {
	return workload{number: number, namespace: namespaceName(number), name: fmt.Sprintf("service-%05d", number), pods: pods}
}

func namespaceName(number int) string { return fmt.Sprintf("team-%02d", number%namespaces) }

func nodeName(number int) string { return fmt.Sprintf("node-%d", number%nodes) }

func (w workload) sort() int { return w.number % sorts }

// selector is what the HPA asks Crest with.
func (w workload) selector() string { return "deployment=" + w.name }

// deployment is paused, for nobody is there to act on it.
func (w workload) deployment() *appsv1.Deployment {
	labels := map[string]string{"app": w.name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: w.name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Paused: true, Replicas: ptr.To(int32(w.pods)), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{appContainer(w)}},
			},
		},
	}
}

func (w workload) hpa() *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: w.name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: w.name},
			MinReplicas:    ptr.To(int32(1)), MaxReplicas: int32(4 * w.pods),
			Metrics: []autoscalingv2.MetricSpec{{
				Type: autoscalingv2.ExternalMetricSourceType,
				External: &autoscalingv2.ExternalMetricSource{
					Metric: autoscalingv2.MetricIdentifier{Name: stage.Max, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"deployment": w.name}}},
					Target: autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: ptr.To(resource.MustParse(target))},
				},
			}},
		},
	}
}
