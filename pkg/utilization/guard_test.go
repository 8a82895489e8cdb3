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

// steadyHeld forbids metrics-server's maximum to shrink the workload.
func steadyHeld(m utilization.Measured) utilization.Measured {
	m.SteadyHold = utilization.FallbackScaleDown
	return m
}

// asked is an HPA that believes in so many replicas of a workload.
func asked(replicas int, l utilization.Live) utilization.Scale {
	return between(replicas, replicas, l)
}

// between is an HPA that asked for another number of replicas than it saw.
func between(fewest, most int, l utilization.Live) utilization.Scale {
	return utilization.Scale{
		Live: l, Replicas: most, FewestReplicas: fewest,
		Targets: []utilization.Target{{HPA: "shop/item", Value: target, Scales: true}},
	}
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
		"a tenth more Pods on their way out lower the mean, and those that stay are not that idle": {
			over(22, mean(40, 20)), asked(20, steady(20)), answer{Value: 44, Rebased: true},
		},
		"a tenth more Pods on their way out never raise the value above the target": {
			over(22, mean(69, 20)), asked(20, steady(20)), answer{Value: target, Rebased: true},
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

// Thirty Pods at 90 % and ten idle ones on their way out read 67 %.
func TestPodsOnTheirWayOutDoNotHideThatTheOthersAreBusy(t *testing.T) {
	tell(t, map[string]story{
		"metrics-server's maximum over the Pods that serve is the measurement": {
			beside(over(40, mean(67.5, 30)), 90, 30), asked(30, steady(30)), answer{Value: 90, Measured: 90, Settled: true},
		},
		"without it the mean may not lower the replicas": {
			over(40, mean(50, 30)), asked(30, steady(30)), answer{Value: target, Rebased: true, Held: utilization.Unsettled},
		},
		"without it the mean may raise them": {over(40, mean(80, 30)), asked(30, steady(30)), answer{Value: 80}},
		"a mean of a tenth more Pods than were Ready is believed": {
			beside(over(33, mean(80, 30)), 90, 30), asked(30, steady(30)), answer{Value: 80},
		},
		"a mean of one Pod more is not": {
			beside(over(34, mean(80, 30)), 90, 30), asked(30, steady(30)), answer{Value: 90, Measured: 90, Settled: true},
		},
		"where the number of Ready Pods is not known it cannot be told": {
			beside(over(40, mean(67.5, 0)), 90, 30), asked(30, steady(30)), answer{Value: 67.5},
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
		"an idle workload may shrink while half of its Pods hang": {
			beside(mean(10, 10), 20, 10), asked(20, half), answer{Value: 20, Measured: 20, Settled: true},
		},
		"and not while more of them do": {
			beside(mean(10, 9), 20, 9), asked(20, starting(9, 0, 11)),
			answer{Value: target, Measured: 20, Settled: true, Held: utilization.TooFewReady},
		},
		"two of twenty serve at 60 %: the two alone would be scaled to 2": {
			fallback(60, 2), asked(20, starting(2, 0, 18)), answer{Value: target, Held: utilization.TooFewReady},
		},
		"Pods that are being deleted do not stand in for those that hang": {
			fallback(30, 4), asked(12, utilization.Live{Running: 12, Ready: 8, ReadySince: steady(4).ReadySince}),
			answer{Value: target, Held: utilization.TooFewReady},
		},
		"Pods that cannot be scheduled do not run and do not hang": {
			fallback(30, 4), asked(20, steady(4)), answer{Value: 30},
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
