package resourcemetrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count the calls to metrics.k8s.io.
type metrics struct {
	requests *prometheus.CounterVec
	duration prometheus.Histogram
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crest_metrics_server_requests_total",
			Help: "Requests to metrics.k8s.io, one a namespace and collection, by HTTP status code; " +
				`"timeout", "canceled" and "error" are those without an answer.`,
		}, []string{"code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "crest_metrics_server_request_duration_seconds",
			Help:    "Time that a request to metrics.k8s.io took, in seconds, failed ones too.",
			Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}),
	}
	if err := registerer.Register(m.requests); err != nil {
		return nil, err
	}
	return m, registerer.Register(m.duration)
}

func (m *metrics) observe(code string, took time.Duration) {
	m.requests.WithLabelValues(code).Inc()
	m.duration.Observe(took.Seconds())
}
