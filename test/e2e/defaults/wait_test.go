package defaults

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// await looks every second until the check holds.
func await(t *testing.T, patience time.Duration, what string, check func() error) {
	t.Helper()
	began := time.Now()
	err := poll(t, patience, func() (bool, error) {
		err := check()
		return err == nil, err
	})
	if err != nil {
		t.Fatalf("not within %s: %s: %v", patience, what, err)
	}
	t.Logf("after %s: %s", time.Since(began).Round(time.Second), what)
}

// keep looks every second for a time, during which the check must hold.
func keep(t *testing.T, span time.Duration, what string, check func() error) {
	t.Helper()
	err := poll(t, span, func() (bool, error) {
		err := check()
		return err != nil, err
	})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	t.Logf("for %s: %s", span, what)
}

// poll looks every second until done, or until the time is over; it returns
// the error of the last look.
func poll(t *testing.T, span time.Duration, look func() (done bool, err error)) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		done, err := look()
		if done {
			return err
		}
		select {
		case <-interrupted.Done():
			t.Fatalf("interrupted; the last look: %v", err)
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}

// within is an error unless n replicas are from low to high.
func within(n, low, high int) error {
	if n < low || n > high {
		return fmt.Errorf("%d replicas, not %d to %d", n, low, high)
	}
	return nil
}
