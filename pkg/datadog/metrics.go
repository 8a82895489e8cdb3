package datadog

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the client publishes about itself.
type metrics struct {
	requests        *prometheus.CounterVec
	duration        prometheus.Histogram
	batchSize       prometheus.Gauge
	remaining       *prometheus.GaugeVec
	limit           *prometheus.GaugeVec
	reset           *prometheus.GaugeVec
	clockDifference prometheus.Gauge
}

// newMetrics registers the metrics, if there is somewhere to.
func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	byName := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"name"})
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crest_datadog_requests_total",
			Help: "Calls to Datadog's timeseries API, by what became of them: the HTTP status, or timeout, dns, refused, tls, network, canceled, " +
				"too_large, undecodable, rejected (a 200 that carries an error), interval (wider buckets than asked for), empty (no series of ours).",
		}, []string{"code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "crest_datadog_request_duration_seconds",
			Help:    "How long calls to Datadog's timeseries API took, in seconds, until the whole body was read or the call had failed.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 60},
		}),
		batchSize: gauge("crest_datadog_batch_size",
			"How many workloads are asked about in one call at most; less than datadog.maxWorkloadsPerQuery after a call that timed out."),
		remaining: byName("crest_datadog_ratelimit_remaining",
			"Calls that are left until Datadog's rate limit of this name resets, as its answers announce."),
		limit: byName("crest_datadog_ratelimit_limit",
			"Calls that Datadog's rate limit of this name allows in one period, as its answers announce."),
		reset: byName("crest_datadog_ratelimit_reset_seconds",
			"Seconds until Datadog's rate limit of this name resets, at the time of the last answer."),
		clockDifference: gauge("crest_datadog_clock_difference_seconds",
			"How far Crest's clock is ahead of Datadog's, in seconds, by the Date of the last answer, which is given to the second."),
	}
	if registerer == nil {
		return m, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.requests, m.duration, m.batchSize, m.remaining, m.limit, m.reset, m.clockDifference} {
		errs = append(errs, registerer.Register(c))
	}
	return m, errors.Join(errs...)
}

// stopwatch measures what passes while a call is made.
type stopwatch struct {
	now   func() time.Time
	start time.Time
}

func startStopwatch(now func() time.Time) stopwatch {
	return stopwatch{now: now, start: now()}
}

// elapsed is the time since the start; it may be asked often.
func (s stopwatch) elapsed() time.Duration { return s.now().Sub(s.start) }
