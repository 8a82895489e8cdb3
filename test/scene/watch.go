package scene

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/stage"
)

// Watch asks so often until the end of the test.
func Watch(t *testing.T, every time.Duration, ask Reader) *stage.Watch {
	t.Helper()
	seen := stage.Repeat(t.Context(), every, ask)
	t.Cleanup(seen.Stop)
	return seen
}

// NoneFailed stops a watch and reports every answer of it that held no value.
func NoneFailed(t *testing.T, seen *stage.Watch) {
	t.Helper()
	seen.Stop()
	if len(seen.Answers()) == 0 {
		t.Error("nothing was read")
	}
	for _, a := range seen.Failed() {
		t.Errorf("at %s: %s", a.At.Format("15:04:05.000"), a)
	}
}

// WantSources stops a watch in which no answer failed, once it has seen the
// last of these sources, and compares who answered.
func WantSources(t *testing.T, seen *stage.Watch, want ...string) {
	t.Helper()
	Eventually(t, "the watch has seen the last source", func() error {
		answers := seen.Answers()
		if len(answers) == 0 {
			return errors.New("nothing was read")
		}
		return From(want[len(want)-1])(answers[len(answers)-1])
	})
	NoneFailed(t, seen)
	if got := seen.Sources(); !slices.Equal(got, want) {
		t.Errorf("the sources were %q, want %q", got, want)
	}
}

// FirstFrom is when a watch first read a value of a source after a moment; ok
// is false if it has not.
func FirstFrom(seen *stage.Watch, source string, after time.Time) (at time.Time, ok bool) {
	for _, a := range seen.Answers() {
		if end := a.At.Add(a.Took); end.After(after) && a.Label("source") == source {
			return end, true
		}
	}
	return time.Time{}, false
}
