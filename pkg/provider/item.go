package provider

import (
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/external_metrics"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// The labels of an item, beside that of its workload, which is the selector
// key of the workload's kind.
const (
	// containerLabel is absent on a Pod average.
	containerLabel = containerKey
	sourceLabel    = "source"
	// adjustedLabel says by what a value was adjusted, measuredLabel from
	// what, and reasonLabel why it is held.
	adjustedLabel = "adjusted"
	measuredLabel = "measured"
	reasonLabel   = "reason"
)

// list makes the items of a reply.
func list(metric string, r reply) *external_metrics.ExternalMetricValueList {
	items := make([]external_metrics.ExternalMetricValue, len(r.answers))
	for i := range r.answers {
		a := &r.answers[i]
		window := int64(a.Span.Window().Seconds())
		items[i] = external_metrics.ExternalMetricValue{
			MetricName:    metric,
			MetricLabels:  metricLabels(r.selection.Workload, a),
			Timestamp:     metav1.NewTime(a.Span.End),
			WindowSeconds: &window,
			Value:         *resource.NewMilliQuantity(a.Value.Milli(), resource.DecimalSI),
		}
	}
	return &external_metrics.ExternalMetricValueList{Items: items}
}

func metricLabels(w utilization.Workload, a *Answer) map[string]string {
	labels := map[string]string{
		w.Kind:      w.Name,
		sourceLabel: a.Source.String(),
	}
	if a.Container != "" {
		labels[containerLabel] = a.Container
	}
	if adjusted := a.adjusted(); adjusted != "" {
		labels[adjustedLabel] = adjusted
		labels[measuredLabel] = strconv.FormatFloat(float64(a.Measured), 'f', 1, 64)
	}
	if a.Held != "" {
		labels[reasonLabel] = string(a.Held)
	}
	return labels
}

// adjusted is by what the value was adjusted, in the order in which it was,
// joined by commas; empty for a value as measured.
func (a *Answer) adjusted() string {
	adjusted := ""
	add := func(did bool, what string) {
		switch {
		case !did:
		case adjusted == "":
			adjusted = what
		default:
			adjusted += "," + what
		}
	}
	add(a.Calibrated, "calibrated")
	add(a.Rebased, "rebased")
	add(a.Held != "", "held")
	return adjusted
}
