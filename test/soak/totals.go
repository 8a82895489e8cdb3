package soak

import (
	"slices"
	"time"
)

// totals count what a record forgets.
type totals struct {
	steps    int
	answers  int
	failed   int
	bySource map[string]int
	held     int
	// changes counts how often the source of a workload became another one.
	changes int
	source  map[string]string
	took    []time.Duration
	// least and most are the replicas of each workload.
	least, most map[string]int
}

// keptTimes bounds the durations that are kept: of more, every second one goes.
const keptTimes = 100_000

func (t *totals) count(a Answer) {
	if t.bySource == nil {
		t.bySource, t.source = map[string]int{}, map[string]string{}
	}
	t.answers++
	if !a.OK() {
		t.failed++
		return
	}
	t.bySource[a.Source]++
	if a.Held != "" {
		t.held++
	}
	if before := t.source[a.Workload]; before != "" && before != a.Source {
		t.changes++
	}
	t.source[a.Workload] = a.Source
	t.took = append(t.took, a.Done.Sub(a.At))
	if len(t.took) == keptTimes {
		for i := range keptTimes / 2 {
			t.took[i] = t.took[2*i]
		}
		t.took = t.took[:keptTimes/2]
	}
}

func (t *totals) see(sights []Sight) {
	if t.least == nil {
		t.least, t.most = map[string]int{}, map[string]int{}
	}
	for _, s := range sights {
		if least, ok := t.least[s.Workload]; !ok || s.Replicas < least {
			t.least[s.Workload] = s.Replicas
		}
		t.most[s.Workload] = max(t.most[s.Workload], s.Replicas)
	}
}

// percentile is how long the given share of the answers took at most.
func (t *totals) percentile(share float64) time.Duration {
	if len(t.took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t.took))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}
