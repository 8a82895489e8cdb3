package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
)

// nearlyBalanced has a skew of 1.06, which lets the fallback shrink it and yet
// tells the Pod average from the maximum.
var nearlyBalanced = busy{"app": 62, "istio-proxy": 68}

const (
	nearlyMax     = 68
	nearlyAverage = 64
)

func TestDatadogUnreachable(t *testing.T) {
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	serve(t, w, nearlyBalanced)
	scale(t, stage.HPA{For: w, Min: 2, Max: 8})
	for name, fault := range map[string]datadogsim.Fault{
		"it refuses connections": {Kind: datadogsim.Refuse},
		"it never answers":       {Kind: datadogsim.Hang},
		"it answers 500":         {Kind: datadogsim.Status, Code: 500},
		"it answers 403":         {Kind: datadogsim.Status, Code: 403},
		// Longer than maxAge: the sample grows too old before the next attempt.
		"it answers 429 and says when to come back": {Kind: datadogsim.Status, Code: 429, Delay: 14 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			awaitAnswer(t, w, reads("datadog", nearlyMax, 2))
			seen := watch(t, w)
			strike(t, fault)
			awaitAnswer(t, w, all(reads("metrics-server", nearlyAverage, 2), isPodAverage))
			if err := between(t, w, 4, 4); err != nil {
				t.Error(err)
			}
			healed := time.Now()
			heal(t)
			awaitAnswer(t, w, reads("datadog", nearlyMax, 2))
			wantSources(t, seen, "datadog", "metrics-server", "datadog")
			wantRecoveryAfterTwo(t, seen, healed)
		})
	}
}

func isPodAverage(a stage.Answer) error {
	if container := a.Label("container"); container != "" {
		return fmt.Errorf("it is of container %q, and a Pod average is of none", container)
	}
	return nil
}

// wantRecoveryAfterTwo says that Datadog had answered well at least twice
// since it was healed when it was believed again.
func wantRecoveryAfterTwo(t *testing.T, seen *stage.Watch, healed time.Time) {
	t.Helper()
	answers := seen.Answers()
	last := len(answers) - 1
	for last > 0 && answers[last-1].Label("source") == "datadog" {
		last--
	}
	back, good := answers[last].At.Add(answers[last].Took), 0
	for _, r := range shared.Datadog.Requests() {
		if r.Status == 200 && len(r.Faults) == 0 && r.Time.After(healed) && r.Time.Add(r.Took).Before(back) {
			good++
		}
	}
	if good < 2 {
		t.Errorf("Datadog was believed again after %d good collections, want two", good)
	}
}

func TestA429IsObeyed(t *testing.T) {
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 2}
	serve(t, w, nearlyBalanced)
	scale(t, stage.HPA{For: w, Min: 2, Max: 8})
	awaitAnswer(t, w, from("datadog"))

	begin := time.Now()
	strike(t, datadogsim.Fault{Kind: datadogsim.Status, Code: 429, Delay: 8 * time.Second})
	refused := func(r datadogsim.Request) bool { return r.Status == 429 }
	if err := shared.Datadog.WaitFor(t.Context(), begin, 2, refused); err != nil {
		t.Fatal(err)
	}
	var times []time.Time
	for _, r := range shared.Datadog.Requests() {
		if refused(r) && r.Time.After(begin) {
			times = append(times, r.Time)
		}
	}
	if wait := times[1].Sub(times[0]); wait < 7*time.Second {
		t.Errorf("after a 429 whose limit resets in 8 s the next request came after %s", wait)
	}
}

func TestA200ThatCannotBeBelievedIsAFailure(t *testing.T) {
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	serve(t, w, nearlyBalanced)
	scale(t, stage.HPA{For: w, Min: 2, Max: 8})
	for name, test := range map[string]struct {
		kind datadogsim.FaultKind
		says string
	}{
		"an error in place of data": {datadogsim.ErrorsString, `Datadog answered 200, but with an error: \"Query timed out\"`},
		"an error beside the data":  {datadogsim.ErrorsBesideData, `Datadog answered 200, but with an error: \"Query timed out\"`},
		"numbers as strings":        {datadogsim.NumbersAsStrings, "Datadog's answer cannot be understood"},
		"no data":                   {datadogsim.NullData, "Datadog's answer cannot be believed: it has no data"},
		"a page of HTML":            {datadogsim.HTMLPage, "it is a page of HTML"},
		"cut off":                   {datadogsim.Truncated, "it is cut off after"},
		"no series at all":          {datadogsim.Empty, "Datadog has no series of"},
		"a row of values too few":   {datadogsim.RowsMissing, "Datadog's answer cannot be believed"},
		"times in seconds":          {datadogsim.TimesInSeconds, "Datadog's answer cannot be believed"},
	} {
		t.Run(name, func(t *testing.T) {
			awaitAnswer(t, w, reads("datadog", nearlyMax, 2))
			seen, logged := watch(t, w), len(shared.Adapter.Logs())
			strike(t, datadogsim.Fault{Kind: test.kind})
			awaitAnswer(t, w, reads("metrics-server", nearlyAverage, 2))
			heal(t)
			awaitAnswer(t, w, from("datadog"))
			wantSources(t, seen, "datadog", "metrics-server", "datadog")
			if err := saysAll(shared.Adapter.Logs()[logged:], test.says, "DatadogFailing", "DatadogRecovered"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDataThatStopAdvancingAreNotServedForLong(t *testing.T) {
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	serve(t, w, nearlyBalanced)
	scale(t, stage.HPA{For: w, Min: 2, Max: 8})
	awaitAnswer(t, w, reads("datadog", nearlyMax, 2))
	seen := watch(t, w)
	stopped := time.Now()
	strike(t, datadogsim.Fault{Kind: datadogsim.Frozen, Namespace: w.Namespace})
	awaitAnswer(t, w, reads("metrics-server", nearlyAverage, 2))
	for _, a := range seen.Answers() {
		if a.Label("source") != "datadog" {
			continue
		}
		// 10 s is the maxAge of the common configuration; timestamps are whole seconds.
		at := a.Items[0].Timestamp.Time
		if a.At.Sub(at) > 12*time.Second {
			t.Errorf("at %s an answer was %s old", a.At.Format("15:04:05"), a.At.Sub(at))
		}
		if at.After(stopped.Add(3 * time.Second)) {
			t.Errorf("data of %s, when there were none: %s", at.UTC(), a)
		}
	}
	heal(t)
	awaitAnswer(t, w, from("datadog"))
	wantSources(t, seen, "datadog", "metrics-server", "datadog")
}

func TestOneWorkloadMissingAtDatadogChangesItsOwnSourceOnly(t *testing.T) {
	ns := namespace(t)
	gone := stage.Workload{Namespace: ns, Name: "gone", Replicas: 2}
	there := stage.Workload{Namespace: ns, Name: "there", Replicas: 2}
	for _, w := range []stage.Workload{gone, there} {
		serve(t, w, nearlyBalanced)
		scale(t, stage.HPA{For: w, Min: 2, Max: 8})
		awaitAnswer(t, w, reads("datadog", nearlyMax, 2))
	}
	seenGone, seenThere := watch(t, gone), watch(t, there)
	strike(t, datadogsim.Fault{Kind: datadogsim.Missing, Namespace: ns, Workload: gone.Name})
	awaitAnswer(t, gone, reads("metrics-server", nearlyAverage, 2))
	heal(t)
	awaitAnswer(t, gone, from("datadog"))
	wantSources(t, seenGone, "datadog", "metrics-server", "datadog")
	wantSources(t, seenThere, "datadog")
}
