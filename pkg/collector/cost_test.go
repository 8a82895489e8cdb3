//go:build !race

// The race detector allocates by itself.

package collector_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestCostOfALookUpAndItsGuardIsNoAllocationHoweverManyWorkloadsThereAre(t *testing.T) {
	for _, workloads := range []int{10, 10_000} {
		world := newCanned(workloads)
		c := world.collector(t)
		c.Tick(t.Context(), clockless)
		sel := selection("item-7")
		scale := world.Scale(sel)
		scale.Targets = []utilization.Target{{HPA: "shop/item", Value: 70, Scales: true}}
		allocations := testing.AllocsPerRun(100, func() {
			e, ok := c.Snapshot().Get(sel)
			if !ok {
				t.Fatal("not in the snapshot")
			}
			if _, err := e.Max(scale, clockless); err != nil {
				t.Fatal(err)
			}
		})
		if allocations != 0 {
			t.Errorf("among %d workloads a look-up allocates %v times", workloads, allocations)
		}
	}
}

func TestCostOfATickGrowsNoFasterThanTheWorkloads(t *testing.T) {
	few, many := costOfATick(t, 200), costOfATick(t, 2000)
	if most := 13 * few.objects; many.objects > most {
		t.Errorf("a Tick about ten times the workloads allocates %d objects instead of %d", many.objects, few.objects)
	}
	if most := 13 * few.bytes; many.bytes > most {
		t.Errorf("a Tick about ten times the workloads allocates %d bytes instead of %d", many.bytes, few.bytes)
	}
}

// allocated is what was allocated meanwhile, by the whole process.
type allocated struct{ objects, bytes uint64 }

func measureAllocated(do func()) allocated {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return allocated{after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc}
}

// costOfATick is what five Ticks allocate after the first, each of which judges
// a new answer of both sources about every workload.
func costOfATick(t *testing.T, workloads int) allocated {
	t.Helper()
	c := newCanned(workloads).collector(t)
	c.Tick(t.Context(), clockless)
	return measureAllocated(func() {
		for i := range 5 {
			c.Tick(t.Context(), clockless.Add(time.Duration(i+1)*time.Microsecond))
		}
	})
}
