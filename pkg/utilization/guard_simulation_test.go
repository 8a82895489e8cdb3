package utilization_test

import (
	"testing"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// lags are how late the data are, in seconds.
var lags = []int{30, 60, 90}

// busy is a load that jumps, so that 20 Pods go from 65 to 140 %, and 40 are
// needed at a target of 70 %; after ten minutes it falls back, and 19 are.
func busy(second int) float64 {
	if second < 0 || second >= falls {
		return 20 * 65
	}
	return 20 * 140
}

const (
	falls  = 600
	needed = 40
	enough = 19
	// remembers is the stabilization of an HPA that does not say another.
	remembers = 300
)

// raw is an adapter without Guard.
func raw(m utilization.Measured, _ utilization.Scale) utilization.Percent { return m.Value }

// guarded is Crest.
func guarded(t *testing.T) func(utilization.Measured, utilization.Scale) utilization.Percent {
	return func(m utilization.Measured, s utilization.Scale) utilization.Percent {
		a, err := utilization.Guard(m, s)
		if err != nil {
			t.Fatal(err)
		}
		return a.Value
	}
}

// peak is the most replicas before the load falls.
func peak(replicas map[int]int) int {
	most := 0
	for second, n := range replicas {
		if second < falls {
			most = max(most, n)
		}
	}
	return most
}

// valley is the fewest replicas after the load has fallen.
func valley(replicas map[int]int) int {
	fewest := replicas[falls]
	for second, n := range replicas {
		if second >= falls {
			fewest = min(fewest, n)
		}
	}
	return fewest
}

// The first table is the one that made Guard what it is: Pods take 25 s to
// become Ready, and samples of 20 s end at any time.
func TestSpikeCompoundsWithoutGuardAndNotWithIt(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(*testing.T) func(utilization.Measured, utilization.Scale) utilization.Percent
		peaks  [3]int // by lag
	}{
		"raw answers compound the more the later the data are": {
			func(*testing.T) func(utilization.Measured, utilization.Scale) utilization.Percent { return raw }, [3]int{116, 232, maxReplicas},
		},
		"guarded answers ask for what is needed, however late the data are": {guarded, [3]int{needed, needed, needed}},
		"the Pods at the end of the sample instead of their mean overshoot": {endOfWindow, [3]int{58, 58, 58}},
	} {
		t.Run(name, func(t *testing.T) {
			for i, lag := range lags {
				for _, limited := range []bool{false, true} {
					l := loop{lag: lag, window: 20, startup: 25, phase: 12, stabilization: remembers, limited: limited, answer: test.answer(t), load: busy}
					if got := peak(l.play()); got != test.peaks[i] {
						t.Errorf("data %d s late, scale-up limited %v: peak of %d replicas, want %d", lag, limited, got, test.peaks[i])
					}
				}
			}
		})
	}
}

// endOfWindow is Guard with the number of Pods that were Ready when the sample
// ended: what somebody might take for n.
func endOfWindow(t *testing.T) func(utilization.Measured, utilization.Scale) utilization.Percent {
	return func(m utilization.Measured, s utilization.Scale) utilization.Percent {
		ready := 0
		for _, since := range s.ReadySince {
			if since.Before(m.Span.End) {
				ready++
			}
		}
		m.Ready = float64(ready)
		return guarded(t)(m, s)
	}
}

// each plays all combinations of lag, start-up time and the HPA's phase
// against aligned buckets of 30 s, as Datadog has them.
func each(t *testing.T, l loop, check func(l loop, replicas map[int]int)) {
	t.Helper()
	l.window, l.buckets, l.load = 30, true, busy
	for _, l.lag = range lags {
		for _, l.startup = range []int{0, 10, 25, 40} {
			for l.phase = 0; l.phase < 15; l.phase += 2 {
				check(l, l.play())
			}
		}
	}
}

func TestGuardedReplicasRiseToWhatIsNeededAndNotBeyond(t *testing.T) {
	each(t, loop{stabilization: remembers, answer: guarded(t)}, func(l loop, replicas map[int]int) {
		if got := peak(replicas); got != needed || replicas[falls-1] != needed {
			t.Errorf("lag %d s, start-up %d s, phase %d s: peak of %d replicas, %d in the end, want %d", l.lag, l.startup, l.phase, got, replicas[falls-1], needed)
		}
	})
}

func TestRawReplicasRiseFarBeyondWhatIsNeeded(t *testing.T) {
	each(t, loop{stabilization: remembers, answer: raw}, func(l loop, replicas map[int]int) {
		if got := peak(replicas); got < 2*needed {
			t.Errorf("lag %d s, start-up %d s, phase %d s: peak of %d replicas; does the loop still show the danger?", l.lag, l.startup, l.phase, got)
		}
	})
}

func TestGuardedReplicasComeDownWithoutUndershooting(t *testing.T) {
	for name, l := range map[string]loop{
		"with Pods that take half a minute to go": {stabilization: remembers, grace: 30, answer: guarded(t)},
		"with Pods that go at once":               {stabilization: remembers, answer: guarded(t)},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, l, func(l loop, replicas map[int]int) {
				if got := valley(replicas); got != enough || replicas[end-1] != enough {
					t.Errorf("lag %d s, start-up %d s, phase %d s: %d replicas at least, %d in the end, want %d", l.lag, l.startup, l.phase, got, replicas[end-1], enough)
				}
			})
		})
	}
}

func TestScaleInWithoutStabilizationUndershootsRawAndNotGuarded(t *testing.T) {
	for _, lag := range lags {
		l := loop{lag: lag, window: 20, startup: 25, phase: 12, load: busy}
		l.answer = raw
		if got := valley(l.play()); got >= enough/2 {
			t.Errorf("raw, data %d s late: %d replicas at least; does the loop still show the danger?", lag, got)
		}
		l.answer = guarded(t)
		if got := valley(l.play()); got != enough {
			t.Errorf("guarded, data %d s late: %d replicas at least, want %d", lag, got, enough)
		}
	}
}

func BenchmarkGuard(b *testing.B) {
	for name, s := range map[string]utilization.Scale{
		"settled":   asked(1000, steady(1000)),
		"unsettled": asked(1000, starting(500, 250, 250)),
	} {
		b.Run(name, func(b *testing.B) {
			m := beside(mean(140, 500), 120, 500)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := utilization.Guard(m, s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
