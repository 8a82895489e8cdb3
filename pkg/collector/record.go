package collector

import (
	"maps"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// record is what the loop remembers of one selection.
type record struct {
	want  utilization.Want
	state fallback.State
	skew  utilization.Skew

	// datadog and metricsServer are the newest good samples.
	datadog, metricsServer *sampled
	// newest is the end of Datadog's newest good sample ever: what is asked for
	// by a clock that is behind is old, and must not look new.
	newest time.Time
	// judged is when Datadog was last asked about what was judged last.
	judged time.Time
	// tried says that metrics-server has been asked for this selection.
	tried bool
	// datadogCause and metricsServerCause say what is wrong with a source;
	// zero while nothing is.
	datadogCause, metricsServerCause Cause
	// alone says that it was told that metrics-server could not answer.
	alone bool

	// shape and err are those of the last Tick: one of them is nil.
	shape *utilization.Shape
	err   error

	// leftOut are the containers that were not measured when last the Pods
	// were known.
	leftOut []utilization.LeftOut

	trust trust
	// measured are the containers that have been in a reading of either source.
	measured map[string]bool
	// requests are those of the newest reading of either source.
	requests map[string]utilization.Nanocores
}

// measures remembers which containers a reading is of.
func (r *record) measures(reading *utilization.Reading) {
	if r.measured == nil {
		r.measured = map[string]bool{}
	}
	for _, c := range reading.Containers {
		r.measured[c.Name] = true
	}
}

// shareRequests has readings that agree on the requests, as nearly all do, keep
// them once.
func (r *record) shareRequests(reading *utilization.Reading) {
	if maps.Equal(r.requests, reading.Requests) {
		reading.Requests = r.requests
	}
	r.requests = reading.Requests
}

// hold is why no source may lower the replicas; empty if they may. A request
// that was lost is named first: it lasts until somebody sets it again.
func (r *record) hold() utilization.HoldReason {
	if r.shape != nil {
		for _, l := range r.shape.LeftOut {
			if l.Reason == utilization.NoRequest && r.measured[l.Container] {
				return utilization.RequestLost
			}
		}
	}
	return r.trust.hold()
}

// sampled is a reading, the mean number of Ready Pods while it was taken and,
// where it is a mean over Pods, of how many.
type sampled struct {
	*utilization.Reading
	// covers is the time that its data tell of; the reading's Span is the
	// one that the source names.
	covers utilization.Span
	ready  float64
	meanOf int
}

// Cause is what is wrong with a source, and since when.
type Cause struct {
	Err   error
	Since time.Time
}

// set keeps the begin of a trouble that goes on.
func (c *Cause) set(err error, now time.Time) {
	if c.Err == nil {
		c.Since = now
	}
	c.Err = err
}

// asked is what the loop remembers of one workload at Datadog.
type asked struct {
	// at is when it was last asked about, and usage what came.
	at    time.Time
	usage map[string][]utilization.Usage
	err   error
	// empty says that it failed because Datadog had nothing about all that
	// were asked about with it.
	empty bool
	// failures in a row; retry is when to ask again, zero for with the others.
	failures int
	retry    time.Time
	// reported are the containers that have ever been in an answer, due those
	// that every answer must hold, whatever the age of their Pods: they could
	// be measured once, or were old enough once. Each rollout makes all Pods
	// young, and must not have a container forgotten that is silent.
	reported, due map[string]bool
}

// trust is for how long a selection has had answers: an HPA without an answer
// forgets its own stabilization, and so does one whose controller restarted
// together with the adapter.
type trust struct {
	// proven says that a source has been good for long enough.
	proven bool
	// starting says that the selection is not proven since the start.
	starting bool
	// good and silent are since when there are answers, or none.
	good, silent time.Time
}

// observe counts an answer or the lack of one. stabilization is for how long
// a source must have been good; a silence of two fifths of it undoes the proof.
func (t trust) observe(answers bool, stabilization time.Duration, now time.Time) trust {
	if !answers && t.silent.IsZero() {
		t.silent = now
	}
	if !t.silent.IsZero() && now.Sub(t.silent) > stabilization*2/5 && t.proven {
		t.proven, t.starting = false, false
	}
	if !t.silent.IsZero() && !t.proven {
		t.good = time.Time{}
	}
	if !answers {
		return t
	}
	t.silent = time.Time{}
	if t.good.IsZero() {
		t.good = now
	}
	if now.Sub(t.good) >= stabilization {
		t.proven = true
	}
	return t
}

// missed counts it as a silence that nobody knows what was answered since then.
func (t trust) missed(since time.Time) trust {
	if t.silent.IsZero() {
		t.silent = since
	}
	return t
}

// missed says to all selections that no Tick came when one was due: the process
// was stopped, or the machine was. Readers had a snapshot for a while, then an
// error. Reads are not counted: of two adapters one may see none for hours.
func (c *Collector) missed(now time.Time) {
	if c.ticked.IsZero() || now.Sub(c.ticked) <= c.gap() {
		return
	}
	for _, r := range c.records {
		r.trust = r.trust.missed(c.ticked)
	}
}

// hold is why a value below the target is not served yet; empty when it is.
func (t trust) hold() utilization.HoldReason {
	switch {
	case t.proven:
		return ""
	case t.starting:
		return utilization.Starting
	}
	return utilization.Returning
}
