package app

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How far the heap may grow before garbage is collected: to smallHeap, or by a
// quarter of what is alive where that is more. Go's default, by all that is
// alive, collects a small heap more often than is needed, and takes much memory
// in a large cluster, of which it is the Pods that are alive: docs/decisions/0032.
const (
	smallHeap    = 40 << 20 // bytes
	leastGrowth  = 25       // percent of what is alive
	mostGrowth   = 200
	growthEvery  = time.Second
	aliveOfHeap  = "/gc/heap/live:bytes"
	ownGrowthEnv = "GOGC"
)

// growth is the growth in percent for so many bytes that are alive.
func growth(alive uint64) int {
	toSmall := (100*smallHeap)/int64(max(alive, 1)) - 100
	return int(min(max(toSmall, leastGrowth), mostGrowth))
}

// saveMemory adapts the growth from the end of the start until ctx ends, unless
// the environment says how much it is to be. Until then Go's default makes the
// start short: the Pods of a large cluster are decoded one after the other, and
// nearly all of that is garbage.
func saveMemory(ctx context.Context, getenv func(string) string, started func() bool) {
	if getenv(ownGrowthEnv) != "" {
		return
	}
	for {
		if started() {
			debug.SetGCPercent(growth(alive()))
		}
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
