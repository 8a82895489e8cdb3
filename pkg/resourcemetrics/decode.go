package resourcemetrics

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// mostCPU is more than any container can use. What is above it is an error,
// and would not fit into Nanocores.
var mostCPU = resource.MustParse("1M")

// decode turns a list of PodMetrics into usage by the Pods' names. It drops
// Pods that cannot be used, and says how many: those without a name, a time, a
// window or a container, or with a container whose usage is missing, negative
// or impossible. Such a Pod is dropped whole: without one of its containers
// its usage would be too low.
func decode(list *metricsv1beta1.PodMetricsList) (pods map[string]utilization.PodUsage, dropped int) {
	pods = make(map[string]utilization.PodUsage, len(list.Items))
	for i := range list.Items {
		if usage, ok := podUsage(&list.Items[i]); ok {
			pods[usage.Pod] = usage
		} else {
			dropped++
		}
	}
	return pods, dropped
}

// podUsage is the usage over the window that ends at the timestamp.
func podUsage(m *metricsv1beta1.PodMetrics) (utilization.PodUsage, bool) {
	if m.Name == "" || m.Timestamp.IsZero() || m.Window.Duration <= 0 || len(m.Containers) == 0 {
		return utilization.PodUsage{}, false
	}
	out := utilization.PodUsage{
		Span: utilization.Span{
			Begin: m.Timestamp.Add(-m.Window.Duration),
			End:   m.Timestamp.Time,
		},
		Pod:        m.Name,
		Containers: make(map[string]utilization.Nanocores, len(m.Containers)),
	}
	for i := range m.Containers {
		c := &m.Containers[i]
		cpu, ok := c.Usage[corev1.ResourceCPU]
		if !ok || c.Name == "" || cpu.Sign() < 0 || cpu.Cmp(mostCPU) > 0 {
			return utilization.PodUsage{}, false
		}
		out.Containers[c.Name] = nanocores(cpu)
	}
	return out, true
}

// nanocores is the quantity, which is at most mostCPU, rounded up.
func nanocores(cpu resource.Quantity) utilization.Nanocores {
	return utilization.Nanocores(cpu.ScaledValue(resource.Nano))
}
