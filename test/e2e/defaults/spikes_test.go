package defaults

import (
	"fmt"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// The load of each workload of which Datadog's data are late.
const (
	pods   = 20
	calm   = world.RPS(1300) // 65 % of 20 Pods; 19 Pods are enough
	spike  = world.RPS(2800) // 140 % of 20 Pods; 40 Pods are needed
	most   = 400
	needed = 40
	enough = 19
)

// lags are the ages at which Datadog's data become visible, by namespace.
var lags = map[string]time.Duration{"lag-30": 30 * time.Second, "lag-60": time.Minute, "lag-90": 90 * time.Second}

func TestSpikesDoNotCompoundWhileDatadogLags(t *testing.T) {
	t.Parallel()
	// How long a start holds is a minute instead of five.
	s := start(t, stage.Config{Top: map[string]any{"downscaleStabilization": "1m"}})
	var workloads []stage.Workload
	for namespace, lag := range lags {
		s.Datadog.SetLag(namespace, lag)
		w := stage.Workload{Namespace: namespace, Name: "item", Replicas: pods}
		serve(t, s, w, calm, most, time.Minute)
		workloads = append(workloads, w)
	}
	seen := follow(t, s, workloads)
	await(t, 6*time.Minute, "each workload rests at its replicas, on Datadog", func() error {
		return each(seen, workloads, func(l look) error {
			if l.Label("source") != "datadog" || l.Value() < 60 || l.Label("adjusted") != "" {
				return fmt.Errorf("%s", l)
			}
			return nil
		})
	})
	rises(t, s, seen, workloads)
	falls(t, s, seen, workloads)
	for _, w := range workloads {
		if w.Namespace == "lag-30" {
			refused(t, s, seen, w)
		}
	}
}

// rises doubles the load: each workload gets what it needs, and not more.
func rises(t *testing.T, s *stage.Stage, seen *diary, workloads []stage.Workload) {
	t.Helper()
	began := time.Now()
	for _, w := range workloads {
		setLoad(t, s, w, spike)
	}
	asNeeded := func() error {
		return each(seen, workloads, func(l look) error { return within(l.replicas, needed-3, needed+4) })
	}
	await(t, 5*time.Minute, "each workload has what it needs", asNeeded)
	// The samples that were taken before the Pods were there are still on
	// their way for as long as the longest lag and two intervals.
	keep(t, 150*time.Second, "no workload grows beyond what it needs", asNeeded)
	for _, w := range workloads {
		peak := 0
		for _, l := range seen.since(w, began) {
			peak = max(peak, l.replicas)
		}
		t.Logf("%s: peak of %d replicas, %d needed", name(w), peak, needed)
	}
}

// falls halves the load: each workload comes down to what it needs, and never
// has less.
func falls(t *testing.T, s *stage.Stage, seen *diary, workloads []stage.Workload) {
	t.Helper()
	began := time.Now()
	for _, w := range workloads {
		setLoad(t, s, w, calm)
	}
	down := func() error {
		return each(seen, workloads, func(l look) error { return within(l.replicas, enough-1, enough+2) })
	}
	await(t, 7*time.Minute, "each workload has come down", down)
	keep(t, 90*time.Second, "no workload undershoots", down)
	for _, w := range workloads {
		low := most
		for _, l := range seen.since(w, began) {
			if l.replicas > 0 {
				low = min(low, l.replicas)
			}
		}
		t.Logf("%s: lowest at %d replicas, %d needed", name(w), low, enough)
		if low < enough-1 {
			t.Errorf("%s came down to %d replicas and needs %d", name(w), low, enough)
		}
	}
}

// each checks the newest look of every workload.
func each(seen *diary, workloads []stage.Workload, check func(look) error) error {
	for _, w := range workloads {
		l, err := seen.newest(w)
		if err == nil {
			err = check(l)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name(w), err)
		}
	}
	return nil
}
