package inventory

import (
	"slices"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// step is how many Pods there were from a moment on, until the next step.
type step struct {
	at time.Time
	// ready Pods count: Running, Ready, not being deleted. running ones are
	// in phase Running, being deleted or not: for as long as they drain their
	// agents report them, and their series are no other cluster's.
	ready, running int
}

// history is a step function of time, oldest first. A history that was handed
// out never changes; the next one may share its memory.
type history []step

// backfill makes the history of the time before Pods were watched, from what
// the Pods say of themselves. Pods that are gone by now are not in it.
func backfill(pods []utilization.Pod, now time.Time, remember time.Duration) history {
	begin := now.Add(-remember)
	type change struct {
		at             time.Time
		ready, running int
	}
	clamp := func(t time.Time) time.Time {
		if t.Before(begin) {
			return begin
		}
		if t.After(now) {
			return now
		}
		return t
	}
	var changes []change
	for i := range pods {
		p := &pods[i]
		if p.Running {
			changes = append(changes, change{at: clamp(p.Started), running: 1})
		}
		if p.Counts() {
			changes = append(changes, change{at: clamp(p.ReadySince), ready: 1})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return a.at.Compare(b.at) })
	h := history{{at: begin}}
	for _, c := range changes {
		last := h[len(h)-1]
		next := step{at: c.at, ready: last.ready + c.ready, running: last.running + c.running}
		if c.at.Equal(last.at) {
			h[len(h)-1] = next
		} else {
			h = append(h, next)
		}
	}
	return h
}

// with is the history after a look at the Pods; it forgets what is older than
// remember, except the step that was in force then.
func (h history) with(now time.Time, ready, running int, remember time.Duration) history {
	if len(h) > 0 {
		if last := h[len(h)-1]; last.ready == ready && last.running == running {
			return h
		}
	}
	horizon := now.Add(-remember)
	for len(h) > 1 && !h[1].at.After(horizon) {
		h = h[1:]
	}
	return append(h, step{at: now, ready: ready, running: running})
}

// meanReady is the mean of the Pods that counted, weighted by time, over the
// part of span that is remembered; false where none of it is.
func (h history) meanReady(span utilization.Span) (float64, bool) {
	var sum float64
	var total time.Duration
	for i, s := range h {
		from, to := s.at, span.End
		if from.Before(span.Begin) {
			from = span.Begin
		}
		if i+1 < len(h) && h[i+1].at.Before(to) {
			to = h[i+1].at
		}
		if d := to.Sub(from); d > 0 {
			sum += float64(s.ready) * d.Seconds()
			total += d
		}
	}
	if total == 0 {
		return 0, false
	}
	return sum / total.Seconds(), true
}

// peakRunning is the most Pods that ran at one moment since begin.
func (h history) peakRunning(begin time.Time) int {
	peak := 0
	for i, s := range h {
		if i+1 < len(h) && !h[i+1].at.After(begin) {
			continue
		}
		peak = max(peak, s.running)
	}
	return peak
}
