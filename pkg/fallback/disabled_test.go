package fallback_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
)

func TestWithoutDatadogMetricsServerAloneDecides(t *testing.T) {
	off := policy
	off.DatadogDisabled = true
	for name, test := range map[string]struct {
		before fallback.State
		seen   fallback.Observation
		want   move
	}{
		"a good sample is enough at the start": {fallback.State{}, good(metricsMaxAge), move{fallback.MetricsServer, fallback.DatadogOff}},
		"nothing yet":                          {fallback.State{}, was(fallback.Failed), stay},
		"it answers while it is fresh": {
			fallback.State{Source: fallback.MetricsServer, MetricsServer: old(metricsMaxAge)}, was(fallback.Failed), stay,
		},
		"it has gone": {fallback.State{Source: fallback.MetricsServer, MetricsServer: old(metricsMaxAge + 1)}, was(fallback.Failed), nobody},
		"it returns": {
			fallback.State{Since: old(time.Hour), MetricsServer: old(time.Hour)}, good(0), move{fallback.MetricsServer, fallback.DatadogOff},
		},
		"a Datadog that was believed before it was disabled is left": {
			fallback.State{Source: fallback.Datadog, Datadog: noon, Tried: true}, good(0), move{fallback.MetricsServer, fallback.DatadogOff},
		},
		"a sample of Datadog from elsewhere is not believed": {fallback.State{Datadog: noon, Tried: true}, was(fallback.Idle), stay},
	} {
		t.Run(name, func(t *testing.T) {
			decide(t, off, test.before, fallback.Health{MetricsServer: test.seen}, test.want)
		})
	}
}
