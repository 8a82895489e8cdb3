package fallback_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
)

// step is one decision: when, what the sources did, and what was decided. The
// samples of good outcomes are so old at that time.
type step struct {
	at               time.Duration
	datadog, metrics seen
	why              fallback.Reason
	to               fallback.Source
}

type seen struct {
	outcome fallback.Outcome
	age     time.Duration
}

func (s seen) at(now time.Time) fallback.Observation {
	o := fallback.Observation{Outcome: s.outcome}
	if s.outcome == fallback.Good {
		o.Sample = now.Add(-s.age)
	}
	return o
}

var (
	idle      = seen{}
	failed    = seen{outcome: fallback.Failed}
	missing   = seen{outcome: fallback.Missing}
	quiet     = seen{outcome: fallback.Silent}
	unchanged = seen{outcome: fallback.Unchanged}
)

// fine is a good sample that is so old.
func fine(age time.Duration) seen { return seen{fallback.Good, age} }

const (
	s       = time.Second
	datadog = fallback.Datadog
	ms      = fallback.MetricsServer
	none    = fallback.None
)

func TestStories(t *testing.T) {
	for name, steps := range map[string][]step{
		"Datadog answers 429 for two minutes and allows each time to ask again soon": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{30 * s, failed, idle, fallback.NoChange, datadog},
			{40 * s, failed, fine(20 * s), fallback.DatadogFailing, ms},
			{100 * s, failed, fine(20 * s), fallback.NoChange, ms},
			{150 * s, fine(40 * s), fine(20 * s), fallback.NoChange, ms},
			{165 * s, idle, fine(20 * s), fallback.NoChange, ms},
			{180 * s, fine(40 * s), fine(20 * s), fallback.DatadogRecovered, datadog},
		},
		"Datadog answers one 429 and allows the next call after two minutes: nothing changes": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{15 * s, failed, fine(20 * s), fallback.NoChange, datadog},
			{75 * s, idle, fine(20 * s), fallback.NoChange, datadog},
			{135 * s, fine(40 * s), fine(20 * s), fallback.NoChange, datadog},
		},
		"Datadog answers one 429 and allows the next call after an hour": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{30 * s, failed, fine(20 * s), fallback.NoChange, datadog},
			{140 * s, idle, fine(20 * s), fallback.NoChange, datadog},
			{141 * s, idle, fine(20 * s), fallback.DatadogFailing, ms},
			{3630 * s, fine(40 * s), fine(20 * s), fallback.NoChange, ms},
			{3660 * s, fine(40 * s), fine(20 * s), fallback.DatadogRecovered, datadog},
		},
		"Datadog is not called while its rate limit is used up": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{140 * s, idle, fine(20 * s), fallback.NoChange, datadog},
			{141 * s, idle, fine(20 * s), fallback.DatadogStale, ms},
		},
		"a failed collection in between changes nothing": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{30 * s, failed, fine(20 * s), fallback.NoChange, datadog},
			{40 * s, fine(40 * s), fine(20 * s), fallback.NoChange, datadog},
			{70 * s, failed, fine(20 * s), fallback.NoChange, datadog},
			{80 * s, unchanged, fine(20 * s), fallback.NoChange, datadog},
			{110 * s, failed, fine(20 * s), fallback.NoChange, datadog},
		},
		"a selection that is missing from good answers only ages": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{60 * s, missing, fine(20 * s), fallback.NoChange, datadog},
			{140 * s, missing, fine(20 * s), fallback.NoChange, datadog},
			{141 * s, idle, fine(20 * s), fallback.DatadogStale, ms},
		},
		"data that stop advancing are left when they are stale": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{60 * s, unchanged, fine(20 * s), fallback.NoChange, datadog},
			{150 * s, unchanged, fine(20 * s), fallback.DatadogStale, ms},
		},
		"a link that flaps stays left": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{30 * s, failed, idle, fallback.NoChange, datadog},
			{40 * s, failed, fine(20 * s), fallback.DatadogFailing, ms},
			{100 * s, fine(40 * s), fine(20 * s), fallback.NoChange, ms},
			{130 * s, failed, fine(20 * s), fallback.NoChange, ms},
			{190 * s, fine(40 * s), fine(20 * s), fallback.NoChange, ms},
			{220 * s, missing, fine(20 * s), fallback.NoChange, ms},
			{250 * s, fine(40 * s), fine(20 * s), fallback.NoChange, ms},
			{280 * s, fine(40 * s), fine(20 * s), fallback.DatadogRecovered, datadog},
		},
		"a link that lags does not come back": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{30 * s, failed, fine(20 * s), fallback.NoChange, datadog},
			{40 * s, failed, fine(20 * s), fallback.DatadogFailing, ms},
			{60 * s, fine(91 * s), fine(20 * s), fallback.NoChange, ms},
			{90 * s, fine(91 * s), fine(20 * s), fallback.NoChange, ms},
			{120 * s, fine(90 * s), fine(20 * s), fallback.NoChange, ms},
			{150 * s, fine(91 * s), fine(20 * s), fallback.NoChange, ms},
			{180 * s, fine(90 * s), fine(20 * s), fallback.NoChange, ms},
			{210 * s, fine(90 * s), fine(20 * s), fallback.DatadogRecovered, datadog},
		},
		"the same sample twice is not two good ones": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{30 * s, failed, fine(20 * s), fallback.NoChange, datadog},
			{40 * s, failed, fine(20 * s), fallback.DatadogFailing, ms},
			{60 * s, fine(40 * s), fine(20 * s), fallback.NoChange, ms},
			{70 * s, unchanged, fine(20 * s), fallback.NoChange, ms},
			{80 * s, unchanged, fine(20 * s), fallback.NoChange, ms},
			{90 * s, fine(40 * s), fine(20 * s), fallback.DatadogRecovered, datadog},
		},
		"both are gone and Datadog returns first: one good collection is enough": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{40 * s, failed, failed, fallback.NoChange, datadog},
			{80 * s, failed, failed, fallback.NoSource, none},
			{100 * s, failed, failed, fallback.NoChange, none},
			{200 * s, fine(40 * s), failed, fallback.DatadogRecovered, datadog},
		},
		"both are gone and metrics-server returns first": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{300 * s, failed, failed, fallback.NoSource, none},
			{315 * s, idle, fine(20 * s), fallback.DatadogFailing, ms},
			{330 * s, fine(40 * s), fine(20 * s), fallback.NoChange, ms},
			{360 * s, fine(40 * s), fine(20 * s), fallback.DatadogRecovered, datadog},
		},
		"the fallback goes while Datadog is on its way back: no answer fails": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{30 * s, failed, fine(20 * s), fallback.NoChange, datadog},
			{40 * s, failed, fine(20 * s), fallback.DatadogFailing, ms},
			{60 * s, fine(40 * s), failed, fallback.NoChange, ms},
			{115 * s, idle, failed, fallback.DatadogRecovered, datadog},
		},
		"a new selection waits for Datadog's first collection": {
			{0, idle, fine(20 * s), fallback.NoChange, none},
			{15 * s, idle, fine(20 * s), fallback.NoChange, none},
			{30 * s, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
		},
		"a new selection for which Datadog answers and has nothing is answered by metrics-server": {
			{0, missing, fine(20 * s), fallback.DatadogWithoutSample, ms},
			{30 * s, missing, fine(20 * s), fallback.NoChange, ms},
			{60 * s, fine(140 * s), fine(20 * s), fallback.DatadogGood, datadog},
		},
		"after that Datadog is met as at the start, whatever failed in between": {
			{0, missing, fine(20 * s), fallback.DatadogWithoutSample, ms},
			{30 * s, failed, fine(20 * s), fallback.NoChange, ms},
			{40 * s, failed, fine(20 * s), fallback.NoChange, ms},
			{70 * s, fine(140 * s), fine(20 * s), fallback.DatadogGood, datadog},
		},
		"a first collection that fails leaves Datadog to be met": {
			{0, failed, fine(20 * s), fallback.DatadogFailing, ms},
			{60 * s, fine(140 * s), fine(20 * s), fallback.DatadogGood, datadog},
		},
		"neither source has ever answered, then metrics-server does, then Datadog is met": {
			{0, failed, failed, fallback.NoChange, none},
			{15 * s, idle, fine(20 * s), fallback.DatadogFailing, ms},
			{60 * s, idle, failed, fallback.NoChange, ms},
			{120 * s, failed, failed, fallback.NoSource, none},
			{135 * s, idle, fine(20 * s), fallback.DatadogFailing, ms},
			{180 * s, fine(140 * s), fine(20 * s), fallback.DatadogGood, datadog},
		},
		"what was good before Datadog was left does not bring it back": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{30 * s, fine(40 * s), fine(20 * s), fallback.NoChange, datadog},
			{60 * s, fine(40 * s), fine(20 * s), fallback.NoChange, datadog},
			{201 * s, unchanged, fine(20 * s), fallback.DatadogStale, ms},
			{230 * s, fine(40 * s), fine(20 * s), fallback.NoChange, ms},
			{260 * s, fine(40 * s), fine(20 * s), fallback.DatadogRecovered, datadog},
		},
		"a container falls silent only for good when the last complete sample is stale": {
			{0, fine(40 * s), fine(20 * s), fallback.DatadogGood, datadog},
			{60 * s, quiet, fine(20 * s), fallback.NoChange, datadog},
			{141 * s, quiet, fine(20 * s), fallback.ContainerSilent, ms},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var state fallback.State
			for _, next := range steps {
				now := noon.Add(next.at)
				var why fallback.Reason
				state, why = policy.Next(state, fallback.Health{Datadog: next.datadog.at(now), MetricsServer: next.metrics.at(now)}, now)
				if why != next.why || state.Source != next.to {
					t.Fatalf("after %v: %v because of %q, want %v because of %q", next.at, state.Source, why, next.to, next.why)
				}
			}
		})
	}
}

func TestLinkThatIsGoodEverySecondTimeHardlyChangesTheSource(t *testing.T) {
	for name, test := range map[string]struct {
		first seen
		bad   seen
		want  int
	}{
		"good first, then failing in between":   {fine(40 * s), failed, 1},
		"failed first, then good in between":    {failed, failed, 2}, // a selection meets Datadog
		"good first, then missing in between":   {fine(40 * s), missing, 1},
		"missing first, then good in between":   {missing, missing, 2},
		"failed first, then lagging in between": {failed, fine(100 * s), 2},
		"good first, then lagging in between":   {fine(40 * s), fine(100 * s), 1},
	} {
		t.Run(name, func(t *testing.T) {
			var state fallback.State
			var why fallback.Reason
			changes := 0
			for i := range 100 {
				now := noon.Add(time.Duration(i) * 30 * s)
				saw := test.bad
				switch {
				case i == 0:
					saw = test.first
				case (i%2 == 0) == (test.first.outcome == fallback.Good):
					saw = fine(40 * s)
				}
				state, why = policy.Next(state, fallback.Health{Datadog: saw.at(now), MetricsServer: fine(20 * s).at(now)}, now)
				if why != fallback.NoChange {
					changes++
				}
			}
			if changes != test.want {
				t.Errorf("%d changes of the source, want %d", changes, test.want)
			}
		})
	}
}

func TestSilenceLastsUntilACompleteSampleDisprovesIt(t *testing.T) {
	for name, test := range map[string]struct {
		next fallback.Observation
		want bool
	}{
		"no collection says nothing":               {was(fallback.Idle), true},
		"a failure says nothing":                   {was(fallback.Failed), true},
		"a sample missing for another reason, too": {was(fallback.Missing), true},
		"still silent":                             {was(fallback.Silent), true},
		"the known sample is complete":             {was(fallback.Unchanged), false},
		"a good sample is complete":                {good(0), false},
	} {
		t.Run(name, func(t *testing.T) {
			state, _ := policy.Next(fallback.State{}, fallback.Health{Datadog: was(fallback.Silent), MetricsServer: good(0)}, noon)
			state, _ = policy.Next(state, fallback.Health{Datadog: test.next}, noon)
			if state.Silent != test.want {
				t.Errorf("silent: %v, want %v", state.Silent, test.want)
			}
		})
	}
}
