package collector

import (
	"errors"
	"fmt"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// judgeDatadog says what the newest answer of Datadog means to the selection
// and keeps the sample. It is Idle when there is no new answer.
func (c *Collector) judgeDatadog(r *record, now time.Time) fallback.Observation {
	w := r.want.Selection.Workload
	a := c.workloads[w]
	if a == nil || a.at.Equal(r.judged) {
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
	reading, err := c.readDatadog(r, a, now)
	if err != nil {
		outcome, err := a.outcome(err)
		r.datadogCause.set(err, now)
		return fallback.Observation{Outcome: outcome}
	}
	r.datadogCause = Cause{}
	end := reading.Span.End
	if end.Before(r.newest) {
		return fallback.Observation{Outcome: fallback.Unchanged}
	}
	r.newest = end
	r.datadog = c.sampled(r, reading, c.lookback())
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

// readDatadog makes a reading of the buckets that count. A container that need
// not be known yet may have been reported by too few Pods, too.
func (c *Collector) readDatadog(r *record, a *asked, now time.Time) (*utilization.Reading, error) {
	w := r.want.Selection.Workload
	if len(a.usage) == 0 {
		return nil, errNoSeries
	}
	expected := utilization.Expected{
		Pods: r.shape.AllPods(),
		Most: func(s utilization.Span) int { return c.options.Inventory.PeakRunning(w, s) },
	}
	oldest := now.Add(-c.options.Policy.DatadogMaxAge)
	usages := map[string]utilization.Usage{}
	uncovered := map[string]error{}
	for name, buckets := range a.usage {
		u, ok, err := utilization.PickBucket(name, buckets, expected, now)
		switch {
		case err != nil:
			uncovered[name] = err
		case ok && !u.End.Before(oldest):
			usages[name] = u
		}
	}
	for _, name := range r.shape.Containers() {
		if _, ok := usages[name]; ok || r.shape.Required(name, oldest) {
			a.due[name] = true
		}
	}
	required := func(name string) bool { return a.due[name] || r.state.Silent }
	for _, name := range r.shape.Containers() {
		if err := uncovered[name]; err != nil && (tooMany(err) || required(name)) {
			return nil, err
		}
	}
	return r.shape.FromMeans(usages, required)
}

func tooMany(err error) bool {
	e := (*utilization.CoverageError)(nil)
	return errors.As(err, &e) && e.TooMany()
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
	r.metricsServer = c.sampled(r, reading, 0)
	r.skew = r.skew.For(reading)
	if end := reading.Span.End; !end.Equal(r.state.MetricsServer) {
		return fallback.Observation{Outcome: fallback.Good, Sample: end}
	}
	return fallback.Observation{Outcome: fallback.Unchanged}
}

// sampled keeps what a good reading is of. Its points cover a time before its
// span too.
func (c *Collector) sampled(r *record, reading *utilization.Reading, before time.Duration) *sampled {
	r.measures(reading)
	r.shareRequests(reading)
	covers := utilization.Span{Begin: reading.Span.Begin.Add(-before), End: reading.Span.End}
	ready, _ := c.options.Inventory.MeanReady(r.want.Selection.Workload, covers)
	return &sampled{Reading: reading, covers: covers, ready: ready}
}

// check is how often an agent looks at its containers. Each of its points is
// the mean since the look before, so that a bucket's first ones tell of the
// time before the bucket.
const check = 20 * time.Second

// lookback is by how much Datadog's data reach back before their bucket. A
// bucket that is shorter than at the defaults belongs to quicker agents.
func (c *Collector) lookback() time.Duration {
	return min(check, c.options.DatadogInterval*2/3)
}
