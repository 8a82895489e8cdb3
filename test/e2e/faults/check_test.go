package faults

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// check looks at everything that a row has left.
func (x *trial) check(t *testing.T) {
	t.Helper()
	for i, w := range x.workloads {
		want := []string{"datadog"}
		if x.falls(i) {
			want = []string{"datadog", "metrics-server", "datadog"}
			x.checkTimes(t, w, x.watches[i])
		}
		if got := x.watches[i].Sources(); !slices.Equal(got, want) {
			t.Errorf("%s: the sources were %q, want %q", w.Name, got, want)
		}
		scene.NoneFailed(t, x.watches[i])
		for _, a := range x.watches[i].Answers() {
			if err := x.right(i, a); a.OK() && err != nil {
				t.Errorf("%s at %s: %v; the answer is %s", w.Name, clock(a.At), err, a)
			}
		}
		if x.generation(t, w) != x.before.generations[i] {
			t.Errorf("%s: the replicas have changed, though its load has not", w.Name)
		}
		if err := x.Between(t, w, pods, pods); err != nil {
			t.Error(err)
		}
	}
	x.checkReasons(t)
	x.checkCalls(t)
	if err := scene.SaysAll(x.Adapter.Logs()[x.before.log:], x.says); err != nil {
		t.Error(err)
	}
}

// checkTimes says how long it took until metrics-server answered, and until
// Datadog did again.
func (x *trial) checkTimes(t *testing.T, w stage.Workload, seen *stage.Watch) {
	t.Helper()
	gone, _ := scene.FirstFrom(seen, "metrics-server", x.struck)
	back, _ := scene.FirstFrom(seen, "datadog", x.healed)
	recognized, recovered := gone.Sub(x.struck), back.Sub(x.healed)
	t.Logf("measured: %s: metrics-server answered after %.1fs, Datadog again %.1fs after its return",
		w.Name, recognized.Seconds(), recovered.Seconds())
	if most := x.recognized() + slack; recognized > most {
		t.Errorf("%s: metrics-server answered after %s, want at most %s", w.Name, recognized, most)
	}
	if most := x.recovered() + slack; recovered > most {
		t.Errorf("%s: Datadog answered again after %s, want at most %s", w.Name, recovered, most)
	}
	good := 0
	for _, r := range x.requests(x.healed, back) {
		if r.Status == 200 && len(r.Faults) == 0 && r.Time.Add(r.Took).Before(back) {
			good++
		}
	}
	if good < 2 {
		t.Errorf("%s: Datadog was believed again after %d good collections, want two", w.Name, good)
	}
}

// right says what is wrong with an answer about the i-th workload.
func (x *trial) right(i int, a stage.Answer) error {
	if err := right(a); err != nil {
		return err
	}
	// Of a bucket that had begun, something may have been measured.
	stopped := x.fault.Kind == datadogsim.Frozen && x.falls(i) && a.Label("source") == "datadog" && a.At.Before(x.healed)
	if at := a.Items[0].Timestamp.Time; stopped && at.After(x.struck.Add(3*interval)) {
		return fmt.Errorf("its data are of %s, and they stopped at %s", clock(at), clock(x.struck))
	}
	return nil
}

// checkReasons compares the changes of sources that the adapter has counted.
func (x *trial) checkReasons(t *testing.T) {
	t.Helper()
	fallen := 0
	for i := range x.workloads {
		if x.falls(i) {
			fallen++
		}
	}
	now := x.Metrics(t)
	changes := func(labels map[string]string) int {
		const counter = "crest_source_transitions_total"
		return int(now.Sum(counter, labels) - x.before.metrics.Sum(counter, labels))
	}
	if got := changes(nil); got != 2*fallen {
		t.Errorf("the adapter has counted %d changes of sources, want %d", got, 2*fallen)
	}
	if fallen == 0 {
		return
	}
	if got := changes(map[string]string{"to": "metrics-server", "reason": x.then.reason()}); got != fallen {
		t.Errorf("%d workloads have gone to metrics-server because of %s, want %d", got, x.then.reason(), fallen)
	}
	if got := changes(map[string]string{"to": "datadog", "reason": "DatadogRecovered"}); got != fallen {
		t.Errorf("%d workloads have come back because of DatadogRecovered, want %d", got, fallen)
	}
}

// checkCalls counts the calls against what intervals, back-off and the
// announced rate limits allow.
func (x *trial) checkCalls(t *testing.T) {
	t.Helper()
	lasted := x.healed.Sub(x.struck)
	t.Logf("measured: %d calls in %.1fs, %d are allowed", x.calls, lasted.Seconds(), x.allowed(lasted))
	if x.calls > x.allowed(lasted) {
		t.Errorf("%d calls in %s, want at most %d", x.calls, lasted, x.allowed(lasted))
	}
	arrived := x.requests(x.struck, x.healed)
	struck := slices.ContainsFunc(arrived, func(r datadogsim.Request) bool { return slices.Contains(r.Faults, x.fault.Kind) })
	switch {
	case x.way != open && x.then == callsFail && len(arrived) > 0:
		t.Errorf("%d requests arrived, with the keys, over a way that fails", len(arrived))
	case x.fault.Kind != "" && x.fault.Kind != datadogsim.Refuse && !struck:
		t.Errorf("no request has met the fault %s", x.fault.Kind)
	}
	const counter = "crest_datadog_requests_total"
	counted := map[string]string{"code": x.code}
	if x.code != "" && x.Metrics(t).Sum(counter, counted) == x.before.metrics.Sum(counter, counted) {
		t.Errorf("no call has become a %s", x.code)
	}
	for _, err := range disobedient(x.requests(x.struck, time.Now())) {
		t.Error(err)
	}
}
