package app

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestTheHeapGrowsToItsSmallSizeAndFromThereOnByAQuarter(t *testing.T) {
	for mib, want := range map[uint64]int{0: 400, 8: 400, 10: 300, 16: 150, 20: 100, 25: 60, 32: 25, 100: 25, 10_000: 25} {
		if got := growth(mib << 20); got != want {
			t.Errorf("with %d MiB alive the heap may grow by %d %%, want %d", mib, got, want)
		}
	}
}

func TestGarbageIsCollectedEarlyInALargeHeapUnlessTheEnvironmentSaysWhen(t *testing.T) {
	held := make([]byte, 64<<20)
	runtime.GC()
	ended, end := context.WithCancel(t.Context())
	end()
	for environment, want := range map[string]int{"": leastGrowth, "100": 100, "off": 100} {
		before := debug.SetGCPercent(100)
		saveMemory(ended, func(string) string { return environment })
		if got := debug.SetGCPercent(before); got != want {
			t.Errorf("with GOGC=%q the heap may grow by %d %%, want %d", environment, got, want)
		}
	}
	runtime.KeepAlive(held)
}
