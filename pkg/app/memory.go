package app

import "runtime/debug"

// gcPercent is by how much the heap may grow before garbage is collected. Most
// of what is kept are the cluster's Pods, and most of the time nothing is asked:
// half of Go's 100 costs little CPU here and saves a third of the heap. See
// docs/performance.md.
const gcPercent = 50

// saveMemory makes the process collect garbage more often, unless the
// environment says how often.
func saveMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
