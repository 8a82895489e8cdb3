package defaults

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
)

const (
	// recognition is how long an outage of Datadog may go on unrecognized
	// where calls fail.
	recognition = time.Minute
	// maxAge is datadog.maxAge: how long where calls succeed, and data stop.
	maxAge = 3 * time.Minute
	// recovery is how long Datadog may be back and not be believed: in an
	// outage it is asked once in two intervals, and must be good twice.
	recovery = 150 * time.Second
	// slack is what a busy machine may add to any of them.
	slack = 15 * time.Second
)

// refused is an outage of Datadog that refuses connections.
func refused(t *testing.T, s *stage.Stage, seen *diary, w stage.Workload) {
	t.Helper()
	await(t, 2*time.Minute, "Datadog answers", func() error { return answering(seen, w, "datadog") })
	began := time.Now()
	strike(t, s, datadogsim.Fault{Kind: datadogsim.Refuse})
	awaitTurn(t, seen, w, began, "metrics-server", recognition)
	healed := time.Now()
	heal(t, s)
	awaitTurn(t, seen, w, healed, "datadog", recovery)
	noneFailed(t, seen, w, began)
}

// awaitTurn waits until a workload is answered by a source, and reports an
// error if that took longer than is promised.
func awaitTurn(t *testing.T, seen *diary, w stage.Workload, began time.Time, source string, promised time.Duration) {
	t.Helper()
	var took time.Duration
	await(t, promised+2*time.Minute, name(w)+" is answered by "+source, func() (err error) {
		took, err = seen.turned(w, began, source)
		return err
	})
	t.Logf("measured: %s: %s answered after %s", name(w), source, took.Round(time.Second))
	if took > promised+slack {
		t.Errorf("%s was answered by %s after %s, not within %s", name(w), source, took, promised)
	}
}

// strike makes Datadog fail until heal or the end of the test.
func strike(t *testing.T, s *stage.Stage, faults ...datadogsim.Fault) {
	t.Helper()
	t.Cleanup(func() { _ = s.Datadog.ClearFaults() }) // heal reports an error
	if err := s.Datadog.SetFault(faults...); err != nil {
		t.Fatal(err)
	}
}

func heal(t *testing.T, s *stage.Stage) {
	t.Helper()
	if err := s.Datadog.ClearFaults(); err != nil {
		t.Fatal(err)
	}
}
