package utilization_test

import (
	"testing"

	"github.com/crest-hpa/crest/pkg/utilization"
)

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
		"the steady sample may have a reason of its own": {
			steadyHeld(beside(mean(39, 20), 50, 20)), asked(20, starting(10, 10, 0)),
			answer{Value: target, Measured: 50, Settled: true, Held: utilization.FallbackScaleDown},
		},
		"the reason of the steady sample does not hold the mean": {
			steadyHeld(beside(mean(39, 20), 50, 20)), asked(20, steady(20)), answer{Value: 39},
		},
		"the reason for all samples is named before that of the steady one": {
			held(steadyHeld(beside(mean(39, 20), 50, 20)), utilization.Starting), asked(20, starting(10, 10, 0)),
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
