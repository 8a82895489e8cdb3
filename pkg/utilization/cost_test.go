//go:build !race

// The race detector allocates by itself.

package utilization_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestCostOfGuardIsNoAllocationHoweverManyPodsThereAre(t *testing.T) {
	span := utilization.Span{Begin: noon.Add(-time.Minute), End: noon}
	for name, c := range map[string]struct {
		value utilization.Percent
		ready float64
		hold  utilization.HoldReason
		want  utilization.Answer
	}{
		"it serves what was measured":       {20, 1000, "", utilization.Answer{Value: 20, Measured: 20}},
		"it relates a value to the Pods":    {140, 700, "", utilization.Answer{Value: 98, Measured: 140, Rebased: true}},
		"it holds a value below the target": {20, 1000, utilization.Starting, utilization.Answer{Value: 70, Measured: 20, Held: utilization.Starting}},
	} {
		t.Run(name, func(t *testing.T) {
			steady := utilization.Sample{Value: c.value, Span: span, Ready: c.ready}
			m := utilization.Measured{Sample: steady, MeanOverPods: true, Steady: &steady, Hold: c.hold}
			scale := utilization.Scale{
				Live:    utilization.Live{Running: 1000, Ready: 1000, ReadySince: make([]time.Time, 1000)},
				Targets: []utilization.Target{{HPA: "shop/item", Value: 70, Scales: true}}, Replicas: 1000,
			}
			allocations := testing.AllocsPerRun(100, func() {
				if a, err := utilization.Guard(m, scale); err != nil || a != c.want {
					t.Fatalf("the answer is %+v and %v, want %+v", a, err, c.want)
				}
			})
			if allocations != 0 {
				t.Errorf("Guard allocates %v times a read", allocations)
			}
		})
	}
}
