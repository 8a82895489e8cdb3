package fallback_test

import (
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
)

var noon = time.Date(2026, time.January, 5, 12, 0, 0, 0, time.UTC)

const (
	datadogMaxAge = 3 * time.Minute
	metricsMaxAge = 90 * time.Second
)

// policy is the default one.
var policy = fallback.Policy{
	DatadogMaxAge:       datadogMaxAge,
	MetricsServerMaxAge: metricsMaxAge,
	FailureThreshold:    2,
	RecoveryThreshold:   2,
	Mode:                fallback.PodAverage,
	ScaleDown:           fallback.Auto,
}

// old is the time of a sample that is so old at noon.
func old(age time.Duration) time.Time { return noon.Add(-age) }

// good is a sample that was so old at noon.
func good(age time.Duration) fallback.Observation {
	return fallback.Observation{Outcome: fallback.Good, Sample: old(age)}
}

// was is any other outcome.
func was(o fallback.Outcome) fallback.Observation { return fallback.Observation{Outcome: o} }
