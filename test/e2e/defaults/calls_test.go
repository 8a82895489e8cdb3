package defaults

import (
	"fmt"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
)

const (
	// interval is datadog.interval.
	interval = 30 * time.Second
	// backedOff is the time between two calls in an outage that is recognized.
	backedOff = 2 * interval
)

// calls are those to Datadog since a moment, oldest first.
func calls(s *stage.Stage, began time.Time) []datadogsim.Request {
	var found []datadogsim.Request
	for _, r := range s.Datadog.Requests() {
		if !r.Time.Before(began) {
			found = append(found, r)
		}
	}
	return found
}

// wantCalls reports more calls than there may be since a moment: first, and
// then one in every so often.
func wantCalls(t *testing.T, s *stage.Stage, began time.Time, first int, every time.Duration) {
	t.Helper()
	span := time.Since(began)
	got, most := len(calls(s, began)), first+int(span/every)
	t.Logf("%d calls to Datadog in %s, at most %d are allowed", got, span.Round(time.Second), most)
	if got > most {
		t.Errorf("%d calls to Datadog in %s, and at most %d are allowed", got, span, most)
	}
}

// alternate has every second call to Datadog fail until the span is over: a
// failure is followed by a good call, and that by a failure.
func alternate(t *testing.T, s *stage.Stage, span time.Duration) (failed int, err error) {
	t.Helper()
	for began := time.Now(); time.Since(began) < span; {
		strike(t, s, datadogsim.Fault{Kind: datadogsim.Status, Code: 500, Requests: 1})
		for _, status := range []int{500, 200} {
			since := time.Now()
			err := poll(t, time.Minute+slack, func() (bool, error) {
				made := calls(s, since)
				if len(made) == 0 {
					return false, fmt.Errorf("no call for %s", time.Since(since))
				}
				if got := made[0].Status; got != status {
					return true, fmt.Errorf("the call was answered %d, not %d", got, status)
				}
				return true, nil
			})
			if err != nil {
				return failed, err
			}
		}
		failed++
	}
	return failed, nil
}
