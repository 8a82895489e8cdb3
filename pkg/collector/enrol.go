package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// What strangers may do.
const (
	// stay is for how long a selection that no HPA names is followed.
	stay = 10 * time.Minute
	// patience is how long one request may wait for its first sample: an
	// HPA controller has five workers and no client timeout.
	patience = 3 * time.Second
	// most is how many strangers are followed at a time.
	most = 50
)

// strangers are the selections that somebody asked for and no HPA names.
type strangers struct {
	mu      sync.Mutex
	wants   map[utilization.Selection]stranger
	waiting bool
	// published is closed, and made anew, when a snapshot is published.
	published chan struct{}
}

type stranger struct {
	want  utilization.Want
	until time.Time
}

// Enrol follows a selection for ten minutes, has it collected at once, and
// waits for the snapshot that holds it, for at most three seconds. One request
// waits at a time; the others, and those beyond fifty strangers, get a
// *BusyError. One that an HPA names by now is no stranger, but waits like one. A
// workload that does not exist is a *utilization.NotFoundError at once, and
// takes nobody's place.
func (c *Collector) Enrol(ctx context.Context, want utilization.Want) error {
	if _, err := c.options.Inventory.Pods(want.Selection.Workload); notFound(err) {
		return err
	}
	named := c.named(want)
	if !named {
		if err := c.strangers.add(want, c.options.Now()); err != nil {
			return err
		}
	}
	expected := c.options.Now().Add(c.breath() + c.options.DatadogTimeout)
	if !c.strangers.begin() {
		return &BusyError{want.Selection, "another such request is being waited for", expected, named}
	}
	defer c.strangers.end()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		published := c.strangers.next()
		if c.settled(want) {
			return nil
		}
		select {
		case c.wake <- struct{}{}:
		default:
		}
		select {
		case <-published:
		case <-ctx.Done():
			if e, ok := c.Snapshot().Get(want.Selection); ok && e.err != nil {
				return e.err // what is waited for, in the cluster, is known
			}
			return &BusyError{want.Selection, "its first collection has not ended within " + patience.String(), expected, named}
		}
	}
}

// named says that an HPA wants this: it is newer than the snapshot.
func (c *Collector) named(want utilization.Want) bool {
	return slices.ContainsFunc(c.options.Inventory.Wanted(), func(w utilization.Want) bool {
		return w.Selection == want.Selection && (w.PodAverage || !want.PodAverage)
	})
}

// settled says that the newest snapshot has an answer, or a lasting reason why
// there is none.
func (c *Collector) settled(want utilization.Want) bool {
	e, ok := c.Snapshot().Get(want.Selection)
	switch {
	case !ok:
		return false
	case e.err != nil:
		pending := (*utilization.PendingError)(nil)
		return !errors.As(e.err, &pending)
	case want.PodAverage:
		return e.steady(c.options.Now()) != nil || e.causes.metricsServer.Err != nil
	}
	datadog := e.causes.datadog.Err != nil || c.options.Policy.DatadogDisabled
	return e.state.Source != fallback.None || datadog && e.causes.metricsServer.Err != nil
}

// add takes a stranger in, or lets him stay longer.
func (s *strangers) add(want utilization.Want, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.wants[want.Selection]
	if !known && len(s.wants) >= most {
		first := old.until
		for _, w := range s.wants {
			if first.IsZero() || w.until.Before(first) {
				first = w.until
			}
		}
		if now.Before(first) {
			return &BusyError{Selection: want.Selection, Why: fmt.Sprintf("%d selections that no HPA names are followed already, "+
				"the first of them until %s", most, first.UTC().Format(time.RFC3339))}
		}
	}
	want.PodAverage = want.PodAverage || old.want.PodAverage
	s.wants[want.Selection] = stranger{want, now.Add(stay)}
	return nil
}

// drop forgets a stranger whose workload does not exist: it has a place for
// ten minutes in which somebody else could be.
func (s *strangers) drop(selection utilization.Selection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.wants, selection)
}

// current are those that may stay; the others are forgotten, and so is who is
// no stranger any more because an HPA names him too.
func (s *strangers) current(named []utilization.Want, now time.Time) []utilization.Want {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wants) == 0 {
		return nil
	}
	for _, want := range named {
		if w, ok := s.wants[want.Selection]; ok && (want.PodAverage || !w.want.PodAverage) {
			delete(s.wants, want.Selection)
		}
	}
	wants := make([]utilization.Want, 0, len(s.wants))
	for selection, w := range s.wants {
		if now.After(w.until) {
			delete(s.wants, selection)
			continue
		}
		wants = append(wants, w.want)
	}
	return wants
}

// begin says whether the caller may wait.
func (s *strangers) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	free := !s.waiting
	s.waiting = true
	return free
}

func (s *strangers) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = false
}

// next is closed when the next snapshot is published.
func (s *strangers) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.published
}

func (s *strangers) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.published)
	s.published = make(chan struct{})
}
