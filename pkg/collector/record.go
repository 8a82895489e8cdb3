package collector

import (
	"errors"
	"fmt"
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
	// judged is when Datadog was last asked about what was judged last.
	judged time.Time
	// tried says that metrics-server has been asked for this selection.
	tried bool
	// datadogCause and metricsServerCause say what is wrong with a source;
	// zero while nothing is.
	datadogCause, metricsServerCause Cause

	// shape and err are those of the last Tick: one of them is nil.
	shape *utilization.Shape
	err   error

	// leftOut are the containers that were not measured when last the Pods
	// were known.
	leftOut []utilization.LeftOut

	trust trust
}

// sampled is a reading, the mean number of Ready Pods while it was taken and,
// where it is a mean over Pods, of how many.
type sampled struct {
	*utilization.Reading
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
	// reported are the containers that have ever been in an answer.
	reported map[string]bool
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

// judgeDatadog says what the newest answer of Datadog means to the selection
// and keeps the sample. It is Idle when there is no new answer.
func (c *Collector) judgeDatadog(r *record, now time.Time) fallback.Observation {
	w := r.want.Selection.Workload
	a := c.workloads[w]
	if a == nil || !a.at.After(r.judged) {
		return fallback.Observation{}
	}
	if a.err == nil && r.shape == nil {
		return fallback.Observation{} // it is judged when the Pods are known
	}
	r.judged = a.at
	if a.err != nil {
		r.datadogCause.set(a.err, now)
		return fallback.Observation{Outcome: fallback.Failed}
	}
	reading, err := c.readDatadog(r.shape, a, now)
	if err != nil {
		outcome, err := a.outcome(err)
		r.datadogCause.set(err, now)
		return fallback.Observation{Outcome: outcome}
	}
	r.datadogCause = Cause{}
	end := reading.Span.End
	if end.Before(r.state.Datadog) {
		return fallback.Observation{Outcome: fallback.Unchanged}
	}
	r.datadog = c.sampled(w, reading)
	r.datadog.meanOf = reading.HottestPods()
	r.skew = r.skew.Add(reading)
	if end.Equal(r.state.Datadog) {
		return fallback.Observation{Outcome: fallback.Unchanged}
	}
	return fallback.Observation{Outcome: fallback.Good, Sample: end}
}

// outcome tells a container that Datadog has never reported, though it has
// reported others of the workload, from one that is late, and says so.
func (a *asked) outcome(err error) (fallback.Outcome, error) {
	incomplete := (*utilization.IncompleteError)(nil)
	if errors.As(err, &incomplete) && len(a.reported) > 0 {
		for _, name := range incomplete.Missing {
			if !a.reported[name] {
				return fallback.Silent, fmt.Errorf("container %s has never been reported, though others of the workload are "+
					"(do the agents exclude it?), so the answer is metrics-server's maximum: %w", name, err)
			}
		}
	}
	return fallback.Missing, err
}

// readDatadog makes a reading of the buckets that count.
func (c *Collector) readDatadog(shape *utilization.Shape, a *asked, now time.Time) (*utilization.Reading, error) {
	w := shape.Selection.Workload
	if len(a.usage) == 0 {
		return nil, errNoSeries
	}
	expected := utilization.Expected{
		Pods: shape.AllPods(),
		Most: func(s utilization.Span) int { return c.options.Inventory.PeakRunning(w, s) },
	}
	oldest := now.Add(-c.options.Policy.DatadogMaxAge)
	usages := map[string]utilization.Usage{}
	var uncovered error
	for name, buckets := range a.usage {
		u, ok, err := utilization.PickBucket(name, buckets, expected, now)
		switch {
		case err != nil && shape.Measures(name) && (uncovered == nil || err.Error() < uncovered.Error()):
			uncovered = err
		case err == nil && ok && !u.End.Before(oldest):
			usages[name] = u
		}
	}
	if uncovered != nil {
		return nil, uncovered
	}
	return shape.FromMeans(usages, oldest)
}

var errNoSeries = errors.New("its answers hold nothing of this workload; " +
	"do its Pods run on nodes with an agent, and do their series carry the workload's tag?")

// judgeMetricsServer says what the Pod metrics that were just read mean to the
// selection and keeps the sample. It is Idle when they were not read.
func (c *Collector) judgeMetricsServer(r *record, read map[string]utilization.NamespaceUsage, now time.Time) fallback.Observation {
	w := r.want.Selection.Workload
	usage, ok := read[w.Namespace]
	if !ok {
		return fallback.Observation{}
	}
	if usage.Err != nil {
		r.tried = true
		r.metricsServerCause.set(usage.Err, now)
		return fallback.Observation{Outcome: fallback.Failed}
	}
	if r.shape == nil {
		return fallback.Observation{}
	}
	r.tried = true
	reading, err := r.shape.FromPods(usage.Pods, c.options.Policy.MetricsServerMaxAge, now)
	if err != nil {
		r.metricsServerCause.set(err, now)
		return fallback.Observation{Outcome: fallback.Missing}
	}
	r.metricsServerCause = Cause{}
	r.metricsServer = c.sampled(w, reading)
	r.skew = r.skew.For(reading)
	if end := reading.Span.End; !end.Equal(r.state.MetricsServer) {
		return fallback.Observation{Outcome: fallback.Good, Sample: end}
	}
	return fallback.Observation{Outcome: fallback.Unchanged}
}

func (c *Collector) sampled(w utilization.Workload, reading *utilization.Reading) *sampled {
	ready, _ := c.options.Inventory.MeanReady(w, reading.Span)
	return &sampled{Reading: reading, ready: ready}
}
