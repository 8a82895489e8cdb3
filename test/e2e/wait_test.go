package e2e

import (
	"fmt"
	"testing"
	"time"
)

const (
	// patience is how long a condition may take that should take seconds: the
	// machine may be busy.
	patience = 90 * time.Second
	// pause is the time between two looks.
	pause = 250 * time.Millisecond
)

// eventually waits until the condition holds, and ends the test with its last
// error if it does not within the deadline.
func eventually(t *testing.T, deadline time.Duration, condition func() error) {
	t.Helper()
	begin := time.Now()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Since(begin) > deadline {
			t.Fatalf("not within %s: %v", deadline, err)
		}
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatalf("the test ended while waiting: %v", err)
		}
	}
}

// consistently ends the test at the first error of the condition in a span.
func consistently(t *testing.T, span time.Duration, condition func() error) {
	t.Helper()
	begin := time.Now()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for time.Since(begin) < span {
		if err := condition(); err != nil {
			t.Fatalf("after %s: %v", time.Since(begin).Round(time.Millisecond), err)
		}
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatal("the test ended while watching")
		}
	}
}

// within is an error unless got is at most off from want.
func within(what string, got, want, off float64) error {
	if diff := got - want; diff > off || diff < -off {
		return fmt.Errorf("%s is %.1f, want %.1f ± %.1f", what, got, want, off)
	}
	return nil
}
