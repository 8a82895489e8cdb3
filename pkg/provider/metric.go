package provider

// The external metrics. Their values are percents of the CPU request.
const (
	// MaxContainer is the utilization of the hottest container: one item,
	// for an HPA with a target of type Value.
	MaxContainer = "max_container_cpu_utilization"
	// Container is the utilization of each container: one item a container.
	// An HPA adds items up, so for an HPA the selector must name one.
	Container = "container_cpu_utilization"
	// PodAverage is the plain Pod average from metrics-server: one item,
	// never calibrated and never held.
	PodAverage = "pod_cpu_utilization"
)

// Metrics are the names of all external metrics, the one for HPAs first.
func Metrics() []string { return []string{MaxContainer, Container, PodAverage} }

// ours says whether there is such a metric.
func ours(metric string) bool {
	switch metric {
	case MaxContainer, Container, PodAverage:
		return true
	}
	return false
}

// known is the metric as a label of our own metrics: what callers make up must
// not become time series.
func known(metric string) string {
	if ours(metric) {
		return metric
	}
	return "unknown"
}
