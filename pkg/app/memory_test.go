package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestTheHeapGrowsToItsSmallSizeAndFromThereOnByAQuarter(t *testing.T) {
	for mib, want := range map[uint64]int{0: 200, 8: 200, 10: 200, 16: 150, 20: 100, 25: 60, 32: 25, 100: 25, 10_000: 25} {
		if got := growth(mib << 20); got != want {
			t.Errorf("with %d MiB alive the heap may grow by %d %%, want %d", mib, got, want)
		}
	}
}

func TestGarbageIsCollectedEarlyInALargeHeapOnceStartedUnlessTheEnvironmentSaysWhen(t *testing.T) {
	held := make([]byte, 64<<20)
	runtime.GC()
	ended, end := context.WithCancel(t.Context())
	end()
	cases := map[string]struct {
		environment string
		started     bool
		want        int
	}{
		"started":                  {"", true, leastGrowth},
		"not started yet":          {"", false, 100},
		"the environment says 100": {"100", true, 100},
		"the environment says off": {"off", true, 100},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			before := debug.SetGCPercent(100)
			saveMemory(ended, func(string) string { return c.environment }, func() bool { return c.started })
			if got := debug.SetGCPercent(before); got != c.want {
				t.Errorf("the heap may grow by %d %%, want %d", got, c.want)
			}
		})
	}
	runtime.KeepAlive(held)
}
