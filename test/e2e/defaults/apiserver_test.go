package defaults

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/stage"
)

// restarted takes the kube-apiserver away for so long that Datadog is asked
// meanwhile. Nobody can ask through it; at the adapter itself answers go on.
// Then the HPA scales on.
func restarted(t *testing.T, s *stage.Stage, seen *diary, w stage.Workload) {
	t.Helper()
	pid, began := s.Adapter.Pid(), time.Now()
	direct := stage.Repeat(t.Context(), time.Second, toItself(t, s, w))
	t.Cleanup(direct.Stop)
	back := withoutAPIServer(t, s, direct, interval+15*time.Second)
	var looks []look
	for _, a := range direct.Answers() {
		looks = append(looks, look{Answer: a})
	}
	report(t, w, looks, func(l look) error { return truthful(s, w, l.Answer) })
	awaitTurn(t, seen, w, back, "datadog", 30*time.Second)
	grows(t, s, seen, w, grown)
	direct.Stop()
	for _, a := range direct.Failed() {
		t.Errorf("at the adapter itself, at %s: %s", a.At.Format("15:04:05.000"), a)
	}
	t.Logf("measured: of %d answers at the adapter itself %d failed", len(direct.Answers()), len(direct.Failed()))
	select {
	case <-s.Adapter.Done():
		t.Error("the adapter did not survive")
	default:
		if s.Adapter.Pid() != pid {
			t.Error("the adapter was restarted")
		}
	}
	wantCalls(t, s, began, 1, interval)
}

// withoutAPIServer takes the kube-apiserver away for a time, in which the
// direct reader must be answered, and with newer data. It returns when the API
// server was back.
func withoutAPIServer(t *testing.T, s *stage.Stage, direct *stage.Watch, away time.Duration) time.Time {
	t.Helper()
	t.Cleanup(func() { _ = s.Cluster.StartAPIServer(interrupted) }) // an error where it runs, as it should
	await(t, slack, "the adapter answers at its own address", func() error {
		if newest(direct).IsZero() {
			return errors.New("nothing was read")
		}
		return nil
	})
	gone := time.Now()
	if err := s.Cluster.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	before := newest(direct)
	keep(t, away, "it answers on", func() error {
		if failed := direct.Failed(); len(failed) > 0 {
			return errors.New(failed[0].String())
		}
		return nil
	})
	// A bucket may have to wait for its last hosts until Datadog is asked again.
	await(t, interval+slack, "its data become newer", func() error {
		if at := newest(direct); !at.After(before) {
			return fmt.Errorf("for %s the newest data have been of %s", time.Since(gone), at.UTC())
		}
		return nil
	})
	if err := s.Cluster.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("measured: the API server was away for %s", time.Since(gone).Round(time.Second))
	return time.Now()
}

// newest is of when the newest data are that a reader got; zero where it got none.
func newest(reader *stage.Watch) time.Time {
	var at time.Time
	for _, a := range reader.Answers() {
		if a.OK() && a.Items[0].Timestamp.After(at) {
			at = a.Items[0].Timestamp.Time
		}
	}
	return at
}
