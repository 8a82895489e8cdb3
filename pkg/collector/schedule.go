package collector

import (
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// exercise is how often a namespace is read that needs no fallback, so that a
// broken metrics-server is known before it is needed: every four intervals, but
// at least once a minute, or once an interval where that is longer.
func (c *Collector) exercise() time.Duration {
	interval := c.options.FallbackInterval
	return max(interval, min(4*interval, time.Minute))
}

// dueWorkloads are those to ask Datadog about now: all of them once an
// interval, a new one at once, one that failed when its retry is due; none
// while the rate limit says no. Those that Datadog has nothing about, while it
// answers about others, are asked about with those: workloads that are asleep
// would else be a call of their own that fails for as long as they sleep.
func (c *Collector) dueWorkloads(records []*record, now time.Time) []utilization.Workload {
	if c.options.Datadog == nil {
		return nil
	}
	interval, notBefore := c.options.Datadog.Pace(now)
	c.interval = max(interval, c.options.DatadogInterval)
	if now.Before(notBefore) {
		c.refuse(notBefore, now)
		return nil
	}
	all := !now.Before(c.round)
	if all {
		c.round = now.Add(c.interval)
	}
	together := all && c.answering()
	horizon := c.horizon(now)
	var due []utilization.Workload
	seen := make(map[utilization.Workload]bool, len(records))
	for _, r := range records {
		w := r.want.Selection.Workload
		if seen[w] || notFound(r.err) {
			continue
		}
		seen[w] = true
		a := c.workloads[w]
		if a.at.IsZero() || a.retry.IsZero() && all || a.empty && together || c.retries(a, now, horizon) {
			due = append(due, w)
		}
	}
	return due
}

// answering says that the last call about some workload was good.
func (c *Collector) answering() bool {
	for _, a := range c.workloads {
		if !a.at.IsZero() && a.err == nil {
			return true
		}
	}
	return false
}

// horizon is up to when the retries of those that have failed often are made
// now: with the next one that is due. HPAs that were made one by one during an
// outage would else cost a call each for as long as it lasts.
func (c *Collector) horizon(now time.Time) time.Time {
	for _, a := range c.workloads {
		if c.retries(a, now, now) {
			return now.Add(c.options.RetryInterval)
		}
	}
	return now
}

// retries says whether to ask again about a workload that has failed.
func (c *Collector) retries(a *asked, now, horizon time.Time) bool {
	if a.failures >= c.options.Policy.FailureThreshold {
		now = horizon
	}
	return !a.retry.IsZero() && !now.Before(a.retry)
}

// refuse counts it as a failure that the rate limit forbids to ask about a
// workload for the first time: metrics-server need not wait for that to end.
func (c *Collector) refuse(notBefore, now time.Time) {
	if notBefore.Sub(now) <= c.options.RetryInterval {
		return
	}
	for _, a := range c.workloads {
		if a.at.IsZero() {
			c.take(a, nil, &refusedError{notBefore}, now)
			a.retry = notBefore
		}
	}
}

// refusedError says that Datadog was not asked.
type refusedError struct{ notBefore time.Time }

func (e *refusedError) Error() string {
	return "not asked yet, since its rate limit allows no call before " + e.notBefore.UTC().Format(time.RFC3339)
}

// take keeps what Datadog answered about a workload. After a failure the next
// attempt comes soon, so that an outage is recognized within a minute; past
// the threshold, once in two intervals.
func (c *Collector) take(a *asked, usage map[string][]utilization.Usage, err error, now time.Time) {
	a.at, a.usage, a.err = now, usage, err
	if err == nil {
		a.failures, a.retry = 0, time.Time{}
		for container := range usage {
			a.reported[container] = true
		}
		return
	}
	a.failures++
	a.retry = now.Add(c.options.RetryInterval)
	if a.failures >= c.options.Policy.FailureThreshold {
		a.retry = now.Add(2 * c.interval)
	}
}

// dueNamespaces are those whose Pod metrics are to be read now.
func (c *Collector) dueNamespaces(records []*record, now time.Time) []string {
	var due []string
	seen := map[string]bool{}
	for _, r := range records {
		namespace := r.want.Selection.Workload.Namespace
		if !seen[namespace] && !now.Before(c.readAt(r, now)) {
			seen[namespace] = true
			due = append(due, namespace)
		}
	}
	return due
}

// readAt is when the namespace of a selection is to be read for its sake. One
// without Pods needs nothing: after a start the Pods of thousands become known
// in many Ticks, and none of these is to read all namespaces again.
func (c *Collector) readAt(r *record, now time.Time) time.Time {
	last := c.read[r.want.Selection.Workload.Namespace]
	switch {
	case r.shape == nil && last.IsZero():
		return now.Add(c.exercise())
	case last.IsZero() || r.shape != nil && c.urgent(r):
		return now
	case r.shape != nil && c.needed(r, now):
		return last.Add(c.options.FallbackInterval)
	}
	return last.Add(c.exercise())
}

// urgent says that metrics-server has not been asked for the selection yet and
// may have to answer at once: Datadog has not, or is not meant.
func (c *Collector) urgent(r *record) bool {
	a := c.workloads[r.want.Selection.Workload]
	return !r.tried && (r.want.PodAverage || a == nil || a.err != nil || len(a.usage) == 0)
}

// needed says that metrics-server answers, or may have to at any moment: with
// a threshold of one failure, Datadog gives no warning.
func (c *Collector) needed(r *record, now time.Time) bool {
	return r.want.PodAverage || c.options.Policy.FailureThreshold <= 1 || c.options.Policy.NeedsMetricsServer(r.state, now) || c.unsettled(r)
}

// unsettled says that the Datadog sample cannot be believed alone.
func (c *Collector) unsettled(r *record) bool {
	return r.datadog != nil && (sample(r.datadog, r.datadog.Max).Mixed() ||
		c.options.Inventory.Scale(r.want.Selection).Unsettled(r.datadog.covers.Begin))
}

// next is when the next Tick is due: something is to be asked or read, or a
// sample becomes too old; in any case a fallback interval from now, since the
// Pods change too.
func (c *Collector) next(records []*record, now time.Time) time.Time {
	if c.late {
		return now // it did not ask what was due
	}
	next := now.Add(c.options.FallbackInterval)
	earlier := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	if c.options.Datadog != nil {
		_, notBefore := c.options.Datadog.Pace(now)
		earlier(c.round)
		earlier(notBefore)
	}
	for _, r := range records {
		if !c.readAt(r, now).After(now) {
			return now // what this Tick found makes it due
		}
		earlier(c.readAt(r, now))
		earlier(c.options.Policy.Expires(r.state).Add(time.Nanosecond))
		earlier(c.workloads[r.want.Selection.Workload].retry)
	}
	return next
}
