package inventory

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var behindDesc = prometheus.NewDesc("crest_watch_behind_seconds",
	"For how long changes of these objects may have been missed, in seconds: 0 while a watch of them is open. "+
		"The objects are pods, horizontalpodautoscalers, and each configured kind of workload by its key.",
	[]string{"objects"}, nil)

// watchMetric tells how far behind each feed is, by what it follows.
type watchMetric struct {
	feeds map[string]*feed
	now   func() time.Time
}

// Describe implements prometheus.Collector.
func (m watchMetric) Describe(descs chan<- *prometheus.Desc) { descs <- behindDesc }

// Collect implements prometheus.Collector.
func (m watchMetric) Collect(out chan<- prometheus.Metric) {
	now := m.now()
	for objects, f := range m.feeds {
		out <- prometheus.MustNewConstMetric(behindDesc, prometheus.GaugeValue, f.lag(now).Seconds(), objects)
	}
}
