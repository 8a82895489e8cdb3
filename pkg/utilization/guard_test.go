package utilization_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// target is what the HPA of the stories wants: 70 %.
const target = 70

// mean is Datadog's value of a half minute that began a minute ago, while n
// Pods were Ready in the mean.
func mean(value utilization.Percent, n float64) utilization.Measured {
	return utilization.Measured{MeanOverPods: true, Sample: utilization.Sample{Value: value, Span: ago(30 * time.Second), Ready: n}}
}

// over says how many Pods reported to the mean.
func over(pods int, m utilization.Measured) utilization.Measured {
	m.MeanOf = pods
	return m
}

// fallback is metrics-server's value.
func fallback(value utilization.Percent, n float64) utilization.Measured {
	return utilization.Measured{Sample: utilization.Sample{Value: value, Span: ago(0), Ready: n}}
}

// beside adds metrics-server's maximum.
func beside(m utilization.Measured, steady utilization.Percent, n float64) utilization.Measured {
	m.Steady = &utilization.Sample{Value: steady, Span: ago(0), Ready: n}
	return m
}

func held(m utilization.Measured, why utilization.HoldReason) utilization.Measured {
	m.Hold = why
	return m
}

// asked is an HPA that believes in so many replicas of a workload.
func asked(replicas int, l utilization.Live) utilization.Scale {
	return utilization.Scale{Live: l, Replicas: replicas, Targets: []utilization.Target{{HPA: "shop/item", Value: target, Scales: true}}}
}

// steady are so many Pods that have been Ready for an hour.
func steady(n int) utilization.Live { return live(n, n, 0, noon) }

// starting are so many Pods that have been Ready for an hour, so many that
// have been for a second, and so many that are not.
func starting(old, young, notReady int) utilization.Live {
	return live(old+young+notReady, old, young, noon.Add(-time.Second))
}

// terminating are so many Pods that stay and so many that are on their way
// out, still Ready.
func terminating(stay, leave int) utilization.Live {
	l := steady(stay)
	l.Ready += leave
	return l
}

type story struct {
	measured utilization.Measured
	scale    utilization.Scale
	want     utilization.Answer
}

func tell(t *testing.T, stories map[string]story) {
	t.Helper()
	for name, s := range stories {
		t.Run(name, func(t *testing.T) {
			got, err := utilization.Guard(s.measured, s.scale)
			if err != nil {
				t.Fatal(err)
			}
			if s.want.Measured == 0 {
				s.want.Measured = s.measured.Value
			}
			if got.Value.Milli() != s.want.Value.Milli() || got.Measured != s.want.Measured ||
				got.Settled != s.want.Settled || got.Rebased != s.want.Rebased || got.Held != s.want.Held {
				t.Errorf("got %+v, want %+v", got, s.want)
			}
		})
	}
}

type answer = utilization.Answer

func TestSpikeDoesNotCompound(t *testing.T) {
	tell(t, map[string]story{
		"20 Pods at 140 % ask for 40": {mean(140, 20), asked(20, steady(20)), answer{Value: 140}},
		"while none of the 20 new ones is Ready it asks for 40 still": {
			mean(140, 20), asked(40, starting(20, 0, 20)), answer{Value: 140},
		},
		"with 10 of the new ones Ready the old sample asks for 40, not for 60": {
			mean(140, 20), asked(40, starting(20, 10, 10)), answer{Value: 93.333, Rebased: true},
		},
		"with 7 of them the last thousandth does not make it 41": {
			mean(140, 20), asked(40, starting(20, 7, 13)), answer{Value: 103.703, Rebased: true},
		},
		"with all of them Ready it is at the target, not asking for 80": {
			mean(140, 20), asked(40, starting(20, 20, 0)), answer{Value: target, Rebased: true},
		},
		"with more Ready than it takes it never crosses the target": {
			mean(140, 20), asked(60, starting(20, 40, 0)), answer{Value: target, Rebased: true},
		},
		"a sample over which the Pods became Ready counts their mean": {
			mean(105, 30), asked(40, starting(20, 20, 0)), answer{Value: 78.75, Rebased: true},
		},
		"what does not travel in thousandths asks for nothing": {
			mean(140.0004, 20), asked(41, starting(20, 0, 21)), answer{Value: target, Held: utilization.TooFewReady},
		},
		"without the number of Pods nothing is rebased": {mean(140, 0), asked(40, starting(20, 20, 0)), answer{Value: 140}},
		"a mean that differs by rounding alone is no difference": {
			mean(140, 20-1e-9), asked(20, steady(20)), answer{Value: 140},
		},
		"a sample of more Pods than are Ready is not raised above the target": {
			mean(90, 40), asked(20, steady(20)), answer{Value: 90},
		},
		"the fallback's sample is rebased like Datadog's": {
			fallback(140, 20), asked(40, starting(20, 20, 0)), answer{Value: target, Rebased: true},
		},
	})
}

func TestScaleInDoesNotUndershoot(t *testing.T) {
	tell(t, map[string]story{
		"40 Pods at 32 % ask for 19": {mean(32, 40), asked(40, steady(40)), answer{Value: 32}},
		"with 19 left the old sample asks for 19, not for 9": {
			mean(32, 40), asked(19, steady(19)), answer{Value: 67.368, Rebased: true},
		},
		"with fewer left than it takes it never crosses the target": {
			mean(32, 40), asked(10, steady(10)), answer{Value: target, Rebased: true},
		},
		"a sample of fewer Pods than are Ready is not lowered further": {
			mean(50, 20), asked(40, steady(40)), answer{Value: 50},
		},
		"Pods on their way out lower the mean, and those that stay are not that idle": {
			over(40, mean(33, 20)), asked(20, steady(20)), answer{Value: 66, Rebased: true},
		},
		"Pods on their way out never raise the value above the target": {
			over(40, mean(60, 20)), asked(20, steady(20)), answer{Value: target, Rebased: true},
		},
		"Pods that only start do not raise a value above the target": {
			over(40, mean(100, 20)), asked(20, steady(20)), answer{Value: 100},
		},
		"in a rollout that surges to twice the replicas it does not grow": {
			mean(50, 40), asked(20, steady(40)), answer{Value: target, Held: utilization.MoreReadyThanReplicas},
		},
		"Ready Pods that are being deleted do not make it grow": {
			mean(50, 40), asked(20, terminating(20, 20)), answer{Value: target, Held: utilization.MoreReadyThanReplicas},
		},
		"it shrinks though Pods are being deleted, when it asks for no more than it has": {
			mean(35, 40), asked(20, terminating(20, 20)), answer{Value: 35},
		},
		"where the replicas are not known terminating Pods cannot be told": {
			mean(50, 40), asked(0, terminating(20, 20)), answer{Value: 50},
		},
	})
}

func TestHungPodsDoNotMakeItShrink(t *testing.T) {
	half := starting(10, 0, 10)
	tell(t, map[string]story{
		"ten serve at 95 %, ten hang: the ten alone would be scaled to 14": {
			beside(mean(50, 10), 95, 10), asked(20, half), answer{Value: target, Measured: 95, Settled: true, Held: utilization.TooFewReady},
		},
		"ten serve at 150 %: more than there are is asked for": {
			beside(mean(78, 10), 150, 10), asked(20, half), answer{Value: 150, Measured: 150, Settled: true},
		},
		"exactly as many as there are may be asked for": {
			beside(mean(78, 10), 140, 10), asked(20, half), answer{Value: 140, Measured: 140, Settled: true},
		},
		"an idle workload may shrink, hung or not": {
			beside(mean(10, 10), 20, 10), asked(20, half), answer{Value: 20, Measured: 20, Settled: true},
		},
		"with nothing but a mean over all Pods it may not shrink": {
			mean(50, 10), asked(20, half), answer{Value: target, Held: utilization.Unsettled},
		},
		"with nothing but a mean over all Pods it may grow": {
			mean(150, 10), asked(20, half), answer{Value: 150},
		},
		"a tenth of the Pods may hang and the mean is believed": {
			beside(mean(50, 18), 60, 18), asked(20, starting(18, 0, 2)), answer{Value: 50},
		},
		"no Pod is Ready and the value is low: an HPA would ask for zero": {
			mean(50, 10), asked(20, live(0, 0, 0, noon)), answer{Value: target, Held: utilization.TooFewReady},
		},
		"no Pod is Ready and the value is high: an HPA would ask for zero too": {
			mean(150, 10), asked(20, live(0, 0, 0, noon)), answer{Value: target, Held: utilization.TooFewReady},
		},
		"a value of exactly the target needs no hold": {
			mean(target, 10), asked(20, live(0, 0, 0, noon)), answer{Value: target},
		},
	})
}

func TestStartUpBurstIsNotLoad(t *testing.T) {
	rollout := starting(14, 6, 0)
	tell(t, map[string]story{
		"metrics-server's maximum over the Pods that serve is the measurement": {
			beside(mean(180, 20), 65, 20), asked(20, rollout), answer{Value: 65, Measured: 65, Settled: true},
		},
		"it is rebased by its own number of Pods": {
			beside(mean(180, 20), 140, 10), asked(20, rollout), answer{Value: target, Measured: 140, Settled: true, Rebased: true},
		},
		"without it the mean may raise the replicas": {mean(180, 20), asked(20, rollout), answer{Value: 180}},
		"without it the mean may not lower them": {
			mean(40, 20), asked(20, rollout), answer{Value: target, Held: utilization.Unsettled},
		},
		"once the sample began after the burst the mean is believed again": {
			beside(mean(60, 20), 65, 20), asked(20, live(20, 14, 6, ago(30*time.Second).Begin)), answer{Value: 60},
		},
		"the fallback's own measurement is never unsettled": {fallback(40, 20), asked(20, rollout), answer{Value: 40}},
	})
}

func TestSourceThatMayNotShrinkMayGrow(t *testing.T) {
	tell(t, map[string]story{
		"a Pod average under the target is held": {
			held(fallback(39, 20), utilization.FallbackScaleDown), asked(20, steady(20)), answer{Value: target, Held: utilization.FallbackScaleDown},
		},
		"a Pod average over the target grows": {held(fallback(90, 20), utilization.FallbackScaleDown), asked(20, steady(20)), answer{Value: 90}},
		"a Pod average at the target is not held": {
			held(fallback(target, 20), utilization.FallbackScaleDown), asked(20, steady(20)), answer{Value: target},
		},
		"after a start": {
			held(mean(39, 20), utilization.Starting), asked(20, steady(20)), answer{Value: target, Held: utilization.Starting},
		},
		"after a silence": {
			held(mean(39, 20), utilization.Returning), asked(20, steady(20)), answer{Value: target, Held: utilization.Returning},
		},
		"in a rollout the reason that was there first is named": {
			held(mean(39, 20), utilization.Starting), asked(20, starting(10, 10, 0)), answer{Value: target, Held: utilization.Starting},
		},
		"the measurement of the Pods that serve is held too": {
			held(beside(mean(39, 20), 50, 20), utilization.Starting), asked(20, starting(10, 10, 0)),
			answer{Value: target, Measured: 50, Settled: true, Held: utilization.Starting},
		},
		"it is named before the Pods that are not replicas are": {
			held(fallback(50, 40), utilization.FallbackScaleDown), asked(20, terminating(20, 20)),
			answer{Value: target, Held: utilization.FallbackScaleDown},
		},
	})
}

func TestSelectionThatNoHPANamesGetsTheMeasuredValue(t *testing.T) {
	nobody := func(l utilization.Live) utilization.Scale { return utilization.Scale{Live: l, Replicas: 40} }
	tell(t, map[string]story{
		"high, over more Pods than it was measured of": {mean(140, 20), nobody(starting(20, 20, 0)), answer{Value: 140}},
		"low, from a source that may not shrink":       {held(fallback(30, 40), utilization.FallbackScaleDown), nobody(steady(40)), answer{Value: 30}},
		"in a rollout, of the Pods that serve": {
			beside(mean(180, 20), 65, 20), nobody(starting(14, 6, 0)), answer{Value: 65, Measured: 65, Settled: true},
		},
	})
}
