package app

import (
	"runtime/debug"
	"testing"
)

func TestGarbageIsCollectedEarlyUnlessTheEnvironmentSaysWhen(t *testing.T) {
	for environment, want := range map[string]int{"": gcPercent, "100": 100, "off": 100} {
		before := debug.SetGCPercent(100) // as the runtime would have read it, or not
		saveMemory(func(string) string { return environment })
		if got := debug.SetGCPercent(before); got != want {
			t.Errorf("with GOGC=%q the heap grows by %d %%, want %d", environment, got, want)
		}
	}
}
