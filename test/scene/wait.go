package scene

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	// Patience is how long a condition may take that should take seconds: the
	// machine may be busy.
	Patience = 90 * time.Second
	// pause is the time between two looks.
	pause = 250 * time.Millisecond
)

// Eventually waits until the condition holds, and ends the test with its last
// error if it does not.
func Eventually(t *testing.T, what string, condition func() error) {
	t.Helper()
	begin := time.Now()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			t.Logf("after %.1fs: %s", time.Since(begin).Seconds(), what)
			return
		}
		if time.Since(begin) > Patience {
			t.Fatalf("not within %s: %s: %v", Patience, what, err)
		}
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatalf("the test ended while waiting: %s: %v", what, err)
		}
	}
}

// Consistently ends the test at the first error of the condition in a span.
func Consistently(t *testing.T, span time.Duration, what string, condition func() error) {
	t.Helper()
	begin := time.Now()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for time.Since(begin) < span {
		if err := condition(); err != nil {
			t.Fatalf("after %s it is no longer so that %s: %v", time.Since(begin).Round(time.Millisecond), what, err)
		}
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatal("the test ended while watching that ", what)
		}
	}
}

// Within is an error unless got is at most off from want.
func Within(what string, got, want, off float64) error {
	if diff := got - want; diff > off || diff < -off {
		return fmt.Errorf("%s is %.1f, want %.1f ± %.1f", what, got, want, off)
	}
	return nil
}

// SaysAll is an error unless a text holds all of the phrases.
func SaysAll(text string, phrases ...string) error {
	for _, phrase := range phrases {
		if !strings.Contains(text, phrase) {
			return fmt.Errorf("%q is not in %q", phrase, text)
		}
	}
	return nil
}
