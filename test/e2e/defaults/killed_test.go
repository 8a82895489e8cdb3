package defaults

import (
	"cmp"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
)

// forbidden has Datadog answer 403 until the end of the test.
func forbidden(t *testing.T, s *stage.Stage, seen *diary, w stage.Workload) {
	t.Helper()
	await(t, 2*recovery, "Datadog answers, of nothing but what there is now", func() error {
		l, err := seen.newest(w)
		return cmp.Or(err, answering(seen, w, "datadog"), truthful(s, w, l.Answer))
	})
	began := time.Now()
	strike(t, s, datadogsim.Fault{Kind: datadogsim.Status, Code: 403})
	awaitTurn(t, seen, w, began, "metrics-server", recognition)
	awaitEvent(t, s, w, "DatadogFailing", "answered 403 Forbidden", "a key is wrong or of another site")
	keep(t, time.Minute, "metrics-server answers", func() error { return answering(seen, w, "metrics-server") })
	wantRested(t, s, seen, w, began, "datadog", "metrics-server")
	wantCalls(t, s, began, 2, backedOff)
}

// killed ends the adapter while Datadog answers 403, halves the load and starts
// the adapter again: it has forgotten everything, and shrinks nothing.
func killed(t *testing.T, s *stage.Stage, seen *diary, w stage.Workload) {
	t.Helper()
	const starting = 5 * time.Minute
	s.Adapter.Kill()
	setLoad(t, s, w, belowTarget)
	launched := time.Now()
	if err := s.Adapter.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	serving := time.Now()
	t.Logf("measured: it serves %s after its start", serving.Sub(launched).Round(100*time.Millisecond))
	await(t, time.Minute, "it holds because it has just started", func() error { return holding(seen, w, "Starting") })
	await(t, starting+time.Minute, "it holds because the fallback alone may not shrink", func() error {
		return holding(seen, w, "FallbackScaleDown")
	})
	keep(t, 4*15*time.Second, "it holds", func() error { return holding(seen, w, "FallbackScaleDown") })
	noneFailed(t, seen, w, serving)
	wantHeld(t, w, seen.since(w, serving), starting)
	wantCalls(t, s, launched, 2, backedOff)

	healed := time.Now()
	heal(t, s)
	awaitTurn(t, seen, w, healed, "datadog", recovery)
	await(t, 2*time.Minute, name(w)+" has what it needs", func() error {
		l, err := seen.newest(w)
		return cmp.Or(err, within(l.replicas, shrunk, shrunk))
	})
	noneFailed(t, seen, w, serving)
}

// holding is an error unless the newest answer is the target, held for a reason.
func holding(seen *diary, w stage.Workload, reason string) error {
	l, err := seen.newest(w)
	if err == nil && (l.Label("source") != "metrics-server" || l.Label("reason") != reason || l.Value() != target) {
		err = fmt.Errorf("it does not hold because of %s: %s", reason, l)
	}
	return err
}

// wantHeld reports the answers that are not held, and a start that was held
// for less than it should.
func wantHeld(t *testing.T, w stage.Workload, looks []look, starting time.Duration) {
	t.Helper()
	var last time.Time
	report(t, w, looks, func(l look) error {
		if l.Label("reason") == "Starting" {
			last = l.At
		}
		if l.Label("adjusted") != "held" || l.replicas != grown {
			return errors.New("it does not hold")
		}
		return nil
	})
	held := last.Sub(looks[0].At)
	t.Logf("measured: it held because of Starting for %s", held.Round(time.Second))
	if held < starting-slack || held > starting+time.Minute {
		t.Errorf("it held because of Starting for %s, want %s", held, starting)
	}
}
