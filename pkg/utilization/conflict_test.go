package utilization_test

import (
	"errors"
	"testing"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestHPAsThatDisagreeGetAnAnswerOnlyWhileNothingDependsOnTheTarget(t *testing.T) {
	type targets = []utilization.Target
	apart := targets{{"shop/a", 70, true}, {"shop/b", 60, false}}
	averages := targets{{"shop/a", 0, true}}
	elsewhere := targets{{"shop/a", 70, false}}
	mixed := targets{{"shop/a", 70, true}, {"shop/b", 0, false}}
	low, shrinking := held(fallback(30, 20), utilization.FallbackScaleDown), starting(10, 0, 10)
	for name, test := range map[string]struct {
		targets  targets
		measured utilization.Measured
		live     utilization.Live
		conflict bool
	}{
		"two targets, nothing to correct":                             {apart, mean(90, 20), steady(20), false},
		"two targets, a value that would be rebased":                  {apart, mean(140, 10), steady(20), true},
		"two targets, a value that would be held":                     {apart, low, steady(20), true},
		"two targets, a value between them that one would hold":       {apart, held(fallback(65, 20), utilization.Starting), steady(20), true},
		"two targets, a value above both that a hold does not touch":  {apart, held(fallback(75, 20), utilization.Starting), steady(20), false},
		"two targets, Pods that hang":                                 {apart, fallback(90, 10), shrinking, true},
		"no target of type Value, nothing to correct":                 {averages, mean(30, 20), steady(20), false},
		"no target of type Value, more Pods than it was measured of":  {averages, mean(30, 10), steady(20), true},
		"no target of type Value, fewer Pods than it was measured of": {averages, mean(30, 30), steady(20), true},
		"no target of type Value, Pods of a number that is not known": {averages, mean(30, 0), steady(20), false},
		"no target of type Value, a source that may not shrink":       {averages, low, steady(20), true},
		"the one target scales something else, nothing to correct":    {elsewhere, mean(90, 20), steady(20), false},
		"the one target scales something else, a value to rebase":     {elsewhere, mean(140, 10), steady(20), true},
		"one target of type Value and one not, nothing to correct":    {mixed, mean(90, 20), steady(20), false},
		"one target of type Value and one not, a value to hold":       {mixed, low, steady(20), true},
		"one target of type Value and one not, the other cannot tell": {mixed, mean(50, 10), steady(20), false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := utilization.Guard(test.measured, utilization.Scale{Live: test.live, Targets: test.targets, Replicas: 20})
			var e *utilization.ConflictError
			if errors.As(err, &e) != test.conflict {
				t.Fatalf("got %+v and error %v", got, err)
			}
			if test.conflict {
				contains(t, e.Error(), "shop/a: ", "same target of type Value")
				return
			}
			if got.Value != test.measured.Value || got.Rebased || got.Held != "" {
				t.Errorf("got %+v, want it as measured", got)
			}
		})
	}
}

func TestConflictNamesEachHPAWithWhatItWants(t *testing.T) {
	e := &utilization.ConflictError{Targets: []utilization.Target{{"shop/a", 70, true}, {"shop/b", 66.5, false}, {"shop/c", 0, true}}}
	contains(t, e.Error(), "shop/a: target 70;", "shop/b: target 66.5, scales another workload;", "shop/c: no target of type Value)")
}

func TestHeldValueIsTheTargetToTheLastThousandth(t *testing.T) {
	for milli := int64(1); milli < 200_000; milli += 333 {
		want := utilization.FromMilli(milli)
		s := utilization.Scale{Live: steady(20), Replicas: 20, Targets: []utilization.Target{{HPA: "shop/a", Value: want, Scales: true}}}
		got, err := utilization.Guard(held(fallback(want/2, 20), utilization.FallbackScaleDown), s)
		if err != nil || got.Value.Milli() != milli {
			t.Fatalf("held at %v, error %v; want %d thousandths", got.Value, err, milli)
		}
	}
}
