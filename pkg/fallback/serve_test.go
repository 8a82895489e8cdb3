package fallback_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
)

func TestFreshnessIsCheckedOnceMoreWhenServed(t *testing.T) {
	dd, stale := old(datadogMaxAge), old(datadogMaxAge+1)
	fresh, gone := old(metricsMaxAge), old(metricsMaxAge+1)
	for name, test := range map[string]struct {
		source           fallback.Source
		datadog, metrics time.Time
		want             fallback.Source
	}{
		"Datadog while its sample is fresh":                       {datadog, dd, fresh, datadog},
		"Datadog without any fallback":                            {datadog, dd, time.Time{}, datadog},
		"metrics-server at once when Datadog's has just gone":     {datadog, stale, fresh, ms},
		"nobody when both have gone":                              {datadog, stale, gone, none},
		"nobody when Datadog's has gone and there is no other":    {datadog, stale, time.Time{}, none},
		"metrics-server while its sample is fresh":                {ms, stale, fresh, ms},
		"metrics-server though Datadog has a fresh sample":        {ms, dd, fresh, ms},
		"nobody when metrics-server's has gone, until a decision": {ms, dd, gone, none},
		"nobody when nobody was decided on":                       {none, dd, fresh, none},
	} {
		t.Run(name, func(t *testing.T) {
			state := fallback.State{Source: test.source, Datadog: test.datadog, MetricsServer: test.metrics}
			if got := policy.Serve(state, noon); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestAnswerExpiresWhenTheSampleOfItsSourceIsTooOld(t *testing.T) {
	dd, metrics := noon.Add(-time.Minute), noon.Add(-time.Second)
	for name, test := range map[string]struct {
		source fallback.Source
		want   time.Time
	}{
		"Datadog's":        {datadog, dd.Add(datadogMaxAge)},
		"metrics-server's": {ms, metrics.Add(metricsMaxAge)},
		"nobody's never":   {none, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			state := fallback.State{Source: test.source, Datadog: dd, MetricsServer: metrics}
			expires := policy.Expires(state)
			if !expires.Equal(test.want) {
				t.Fatalf("expires at %v, want %v", expires, test.want)
			}
			if test.source != none && (policy.Serve(state, expires) != test.source || policy.Serve(state, expires.Add(1)) == test.source) {
				t.Error("Serve does not agree")
			}
		})
	}
}

func TestMetricsServerIsReadWhenItMayHaveToAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		state fallback.State
		want  bool
	}{
		"it answers":                              {fallback.State{Source: ms, Datadog: noon}, true},
		"nobody answers":                          {fallback.State{}, true},
		"Datadog is healthy":                      {fallback.State{Source: datadog, Datadog: old(datadogMaxAge / 2)}, false},
		"Datadog has failed once":                 {fallback.State{Source: datadog, Datadog: noon, Failures: 1}, true},
		"Datadog's sample is over half of maxAge": {fallback.State{Source: datadog, Datadog: old(datadogMaxAge/2 + 1)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := policy.NeedsMetricsServer(test.state, noon); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestSourcesAreSpelledAsLabels(t *testing.T) {
	for want, source := range map[string]fallback.Source{
		"none": none, "datadog": datadog, "metrics-server": ms, "unknown": fallback.Source(99),
	} {
		if got := source.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
