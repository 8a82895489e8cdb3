package app

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How far the heap may grow before garbage is collected: by as much as is
// alive, as is Go's default, as long as that is little; beyond, by no more than
// that, or by half. Of a large cluster it is the Pods that are alive, and half
// of them is memory enough to save work with. See docs/performance.md.
const (
	littleAlive  = 16 << 20 // bytes
	mostGrowth   = 100      // percent of what is alive
	leastGrowth  = 50
	growthEvery  = 15 * time.Second
	aliveOfHeap  = "/gc/heap/live:bytes"
	ownGrowthEnv = "GOGC"
)

// growth is the growth in percent for so many bytes that are alive.
func growth(alive uint64) int {
	if alive <= littleAlive {
		return mostGrowth
	}
	return max(leastGrowth, int(mostGrowth*littleAlive/alive))
}

// saveMemory adapts the growth until ctx ends, unless the environment says how
// much it is to be.
func saveMemory(ctx context.Context, getenv func(string) string) {
	if getenv(ownGrowthEnv) != "" {
		return
	}
	for {
		debug.SetGCPercent(growth(alive()))
		select {
		case <-ctx.Done():
			return
		case <-time.After(growthEvery):
		}
	}
}

// alive is how many bytes the last collection of garbage found to be in use.
func alive() uint64 {
	sample := []metrics.Sample{{Name: aliveOfHeap}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
