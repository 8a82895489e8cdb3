package collector

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// metrics are those of the loop. What is true of a selection is read from the
// snapshot when it is scraped, so that nothing has to be forgotten.
type metrics struct {
	collections *prometheus.CounterVec
	transitions *prometheus.CounterVec
	lastTick    prometheus.Gauge

	age, source, skew, leftOut *prometheus.Desc

	snapshot func() *Snapshot
	now      func() time.Time
}

func newMetrics() *metrics {
	selection := []string{"namespace", "kind", "name", "containers"}
	return &metrics{
		collections: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crest_collections_total",
			Help: "Collections by source (datadog: one a batch of workloads; metrics-server: one a namespace) and outcome (good, failed).",
		}, []string{"source", "outcome"}),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crest_source_transitions_total",
			Help: "Changes of the source that answers for a selection, by the source before, the source after, and the reason.",
		}, []string{"from", "to", "reason"}),
		lastTick: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "crest_last_collection_timestamp_seconds",
			Help: "When the last snapshot was published, in seconds since 1970.",
		}),
		age: prometheus.NewDesc("crest_sample_age_seconds",
			"Age of the newest good sample of a selection, by source.", append(selection[:4:4], "source"), nil),
		source: prometheus.NewDesc("crest_selection_source",
			"1 for the source that answers for a selection now: datadog, metrics-server or none.", append(selection[:4:4], "source"), nil),
		skew: prometheus.NewDesc("crest_skew_ratio",
			"Remembered skew of a selection: the median of maximum / Pod average over the last 15 minutes of Datadog samples. "+
				"It says how wrong a Pod average will be as the fallback.", selection, nil),
		leftOut: prometheus.NewDesc("crest_container_left_out",
			"1 for each selected container that is not measured, by the reason: NoRequest, InTooFewPods, RequestTooSmall, NotInPods or NotYetReported.",
			append(selection[:4:4], "container", "reason"), nil),
	}
}

func (m *metrics) register(r prometheus.Registerer) error {
	return errors.Join(r.Register(m.collections), r.Register(m.transitions), r.Register(m.lastTick), r.Register(m))
}

func (m *metrics) collected(source fallback.Source, err error) {
	outcome := "good"
	if err != nil {
		outcome = "failed"
	}
	m.collections.WithLabelValues(source.String(), outcome).Inc()
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- m.age
	descs <- m.source
	descs <- m.skew
	descs <- m.leftOut
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	snapshot := m.snapshot()
	if snapshot == nil {
		return
	}
	now := m.now()
	gauge := func(desc *prometheus.Desc, value float64, s utilization.Selection, more ...string) {
		labels := append([]string{s.Workload.Namespace, s.Workload.Kind, s.Workload.Name, s.Containers.String()}, more...)
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	for selection, e := range snapshot.entries {
		if e.datadog != nil {
			gauge(m.age, e.datadog.Span.Age(now).Seconds(), selection, fallback.Datadog.String())
		}
		if e.metricsServer != nil {
			gauge(m.age, e.metricsServer.Span.Age(now).Seconds(), selection, fallback.MetricsServer.String())
		}
		source, serving, _ := e.serving(now)
		gauge(m.source, 1, selection, source.String())
		leftOut := e.leftOut
		if serving != nil {
			leftOut = serving.LeftOut
		}
		for _, l := range leftOut {
			gauge(m.leftOut, 1, selection, l.Container, string(l.Reason))
		}
		if e.skewKnown {
			gauge(m.skew, float64(e.ratio), selection)
		}
	}
}
