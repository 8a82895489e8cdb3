package soak

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/world"
)

func TestASeedMakesTheSameStepsAgain(t *testing.T) {
	first, again := New(7, time.Hour, Workloads()).String(), New(7, time.Hour, Workloads()).String()
	if first != again {
		t.Error("two schedules of one seed differ")
	}
	if first == strings.Replace(New(8, time.Hour, Workloads()).String(), "seed 8", "seed 7", 1) {
		t.Error("two seeds make one schedule")
	}
}

func TestALongerRunBeginsAsAShorterOne(t *testing.T) {
	short, long := New(7, 2*time.Minute, Workloads()), New(7, 10*time.Minute, Workloads())
	inLong := map[string]bool{}
	for _, s := range long.Steps {
		inLong[s.String()] = true
	}
	for _, s := range short.Steps {
		if !inLong[s.String()] {
			t.Errorf("step %s of two minutes is not in the ten minutes of the same seed", s)
		}
	}
}

func TestStepsLieWithinTheDurationAndDoNotOverlapTheirStream(t *testing.T) {
	const duration = 30 * time.Minute
	for seed := range uint64(20) {
		busy := map[string]time.Duration{}
		for _, s := range New(seed, duration, Workloads()).Steps {
			if s.At < 0 || s.At+s.For > duration {
				t.Errorf("seed %d: %s is not within %s", seed, s, duration)
			}
			if s.At < busy[s.stream()] {
				t.Errorf("seed %d: %s begins before the step before it has ended", seed, s)
			}
			busy[s.stream()] = s.At + s.For
		}
	}
}

func TestEveryKindOfStepAndOfDatadogFaultComesUp(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(10) {
		for _, s := range New(seed, time.Hour, Workloads()).Steps {
			seen[string(s.Kind)] = true
			for _, f := range s.Faults {
				seen["fault "+string(f.Kind)] = true
			}
			seen[fmt.Sprint("flapping ", s.Flap > 0)] = true
		}
	}
	want := []string{"flapping true"}
	for _, kind := range []Kind{Load, Datadog, Lag, Budget, Kubelets, Kill, Terminate, Rollout, NoHPA, Hung} {
		want = append(want, string(kind))
	}
	for _, kind := range datadogsim.Kinds() {
		want = append(want, "fault "+string(kind))
	}
	for _, what := range want {
		if !seen[what] {
			t.Errorf("no %s in ten hours", what)
		}
	}
}

func TestTheSimulatorTakesEveryFault(t *testing.T) {
	sim, err := datadogsim.New(datadogsim.Options{World: noWorld{}, APIKey: "a", AppKey: "b"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range New(1, 10*time.Hour, Workloads()).Steps {
		if err := sim.SetFault(s.Faults...); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestLoadsStayWithinWhatTheHPAsCanServe(t *testing.T) {
	for _, s := range New(3, 10*time.Hour, Workloads()).Steps {
		if s.Kind == Load && (s.Pods < leastLoad || s.Pods > mostLoad) {
			t.Errorf("%s is outside %v to %v", s, leastLoad, mostLoad)
		}
	}
}

func TestAStepIsOneLine(t *testing.T) {
	for want, s := range map[string]Step{
		"   3.0s load      item of 2.5 Pods": {At: 3 * time.Second, Kind: Load, Workload: "item", Pods: 2.5},
		"   0.0s datadog   for  2.0s status 429 6s flapping every 1s": {
			Kind: Datadog, For: 2 * time.Second, Flap: time.Second,
			Faults: []datadogsim.Fault{{Kind: datadogsim.Status, Code: 429, Delay: 6 * time.Second}},
		},
		"   0.0s hung      for  5.0s front 25 % of the Pods": {Kind: Hung, For: 5 * time.Second, Workload: "front", Share: 0.25},
		"   0.0s kill     ": {Kind: Kill},
	} {
		if got := s.String(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// noWorld has no containers.
type noWorld struct{}

func (noWorld) Tracks(_, _ time.Time) []*world.Track { return nil }
