package fallback_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
)

// FuzzNext plays any history of both sources: three bytes a decision are the
// two outcomes, the age of the good samples, and the time since the last one.
func FuzzNext(f *testing.F) {
	f.Add([]byte{5*6 + 5, 8, 3, 6 + 5, 8, 3, 6 + 5, 8, 1}, false)
	f.Add([]byte{6 + 1, 0, 0, 5*6 + 1, 4, 6, 5, 0, 30, 5 * 6, 0, 1}, false)
	f.Add([]byte{5, 0, 3, 1, 0, 9, 5, 1, 0}, true)
	f.Fuzz(func(t *testing.T, history []byte, disabled bool) {
		p := policy
		p.DatadogDisabled = disabled
		state, now := fallback.State{}, noon
		for ; len(history) >= 3; history = history[3:] {
			now = now.Add(time.Duration(history[2]) * 10 * s)
			age := time.Duration(history[1]) * 5 * s
			health := fallback.Health{
				Datadog:       observe(fallback.Outcome(history[0]/6%6), age, datadogMaxAge, state.Datadog, now),
				MetricsServer: observe(fallback.Outcome(history[0]%6), age, metricsMaxAge, state.MetricsServer, now),
			}
			before := state
			var why fallback.Reason
			state, why = p.Next(before, health, now)
			believable(t, p, before, state, why, now)
		}
	})
}

// observe keeps to what good means: newer than what is known, and fresh.
func observe(o fallback.Outcome, age, maxAge time.Duration, known, now time.Time) fallback.Observation {
	sample := now.Add(-min(age, maxAge))
	if o != fallback.Good {
		return fallback.Observation{Outcome: o}
	}
	if !sample.After(known) {
		return fallback.Observation{Outcome: fallback.Unchanged}
	}
	return fallback.Observation{Outcome: o, Sample: sample}
}

// believable fails the test unless the decision keeps what is promised of all.
func believable(t *testing.T, p fallback.Policy, before, after fallback.State, why fallback.Reason, now time.Time) {
	t.Helper()
	if (after.Source != before.Source) != (why != fallback.NoChange) {
		t.Errorf("from %v to %v because of %q", before.Source, after.Source, why)
	}
	if why != fallback.NoChange && (after.Reason != why || !after.Since.Equal(now)) {
		t.Errorf("%q at %v is remembered as %q since %v", why, now, after.Reason, after.Since)
	}
	if after.Source == datadog && (p.DatadogDisabled || now.Sub(after.Datadog) > datadogMaxAge || after.Failures >= p.FailureThreshold) {
		t.Errorf("Datadog is believed: disabled %v, sample %v old, %d failures", p.DatadogDisabled, now.Sub(after.Datadog), after.Failures)
	}
	if after.Source == datadog && !after.Met || before.Met && !after.Met {
		t.Errorf("met before: %v, after: %v, and the source is %v", before.Met, after.Met, after.Source)
	}
	if before.Source == datadog && after.Source != datadog && after.Recoveries != 0 {
		t.Errorf("Datadog was left with %d recoveries", after.Recoveries)
	}
	if after.Source == ms && now.Sub(after.MetricsServer) > metricsMaxAge {
		t.Errorf("metrics-server is believed, sample %v old", now.Sub(after.MetricsServer))
	}
	if got := p.Serve(after, now); got != after.Source {
		t.Errorf("%v was decided on and %v is served", after.Source, got)
	}
	if again, why := p.Next(after, fallback.Health{}, now); again != after {
		t.Errorf("without news, it is decided anew: %q, %+v to %+v", why, after, again)
	}
}
