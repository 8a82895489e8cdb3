package collector

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// Datadog is the primary source.
type Datadog interface {
	// Collect asks for all workloads; each batch succeeds or fails alone.
	Collect(ctx context.Context, workloads []utilization.Workload, now time.Time) []utilization.Batch
	// Pace is the interval that the rate budget allows, and the earliest
	// time of the next call.
	Pace(now time.Time) (interval time.Duration, notBefore time.Time)
}

// MetricsServer is the fallback.
type MetricsServer interface {
	// Collect lists the Pod metrics of each namespace; each fails alone.
	Collect(ctx context.Context, namespaces []string) map[string]utilization.NamespaceUsage
}

// Inventory is what Kubernetes knows.
type Inventory interface {
	// Wanted are the selections that HPAs name.
	Wanted() []utilization.Want
	// Enrol has other workloads followed too; it replaces the last call's.
	Enrol(workloads []utilization.Workload)
	// Changes receives when what Wanted or Pods say has changed so much
	// that a collection is due.
	Changes() <-chan struct{}
	// Pods are those of a workload. The error is a
	// *utilization.NotFoundError or a *utilization.PendingError.
	Pods(w utilization.Workload) ([]utilization.Pod, error)
	// MeanReady is the mean number of Pods that counted over a span.
	MeanReady(w utilization.Workload, span utilization.Span) (float64, bool)
	// PeakRunning is the largest number of Running Pods since the span began.
	PeakRunning(w utilization.Workload, span utilization.Span) int
	// Scale is what is true of a selection now.
	Scale(s utilization.Selection) utilization.Scale
	// Warn and Inform tell those who look at the HPAs of a selection of what is
	// wrong, and of what is well again.
	Warn(s utilization.Selection, reason, note string)
	Inform(s utilization.Selection, reason, note string)
}

// Options are what a Collector is made of.
type Options struct {
	Policy fallback.Policy
	// Datadog is not asked when Policy.DatadogDisabled, and may be nil then.
	Datadog       Datadog
	MetricsServer MetricsServer
	Inventory     Inventory

	// DatadogInterval and FallbackInterval are how often the sources are
	// read, RetryInterval how soon after a failed collection.
	DatadogInterval, RetryInterval, FallbackInterval time.Duration
	// DatadogTimeout bounds one call, and so how soon a first sample comes.
	DatadogTimeout time.Duration
	// DownscaleStabilization is for how long a source must have been good
	// after a start, or after two fifths of it without an answer, before a
	// value below the target is served.
	DownscaleStabilization time.Duration

	Registerer prometheus.Registerer
	Log        logr.Logger
	// Now is the clock of the loop; Tick itself is told the time.
	Now func() time.Time
}

// Collector is the loop and what it remembers.
type Collector struct {
	options Options
	metrics *metrics

	snapshot  atomic.Pointer[Snapshot]
	collected atomic.Bool
	wake      chan struct{}

	strangers strangers

	// mu serializes Ticks; all below belongs to the Tick that holds it.
	mu    sync.Mutex
	begun time.Time
	// ticked is when the last Tick began, by the clock on the wall.
	ticked    time.Time
	records   map[utilization.Selection]*record
	workloads map[utilization.Workload]*asked
	// calling is the call to Datadog that is on its way, nil for none; late
	// says that the last Tick found one ended, and so asked nothing.
	calling *call
	late    bool
	// heard is when the last call that Datadog had data for began.
	heard time.Time
	// round is when Datadog is next asked for all workloads, interval how
	// often: DatadogInterval, or longer where the rate budget demands it.
	round    time.Time
	interval time.Duration
	// read is when each namespace's Pod metrics were last read.
	read map[string]time.Time
}

// New makes a Collector that has collected nothing yet. It starts nothing.
func New(o Options) (*Collector, error) {
	if o.Datadog == nil && !o.Policy.DatadogDisabled {
		return nil, errors.New("collector: Datadog is enabled and there is no client for it")
	}
	if o.Policy.DatadogDisabled {
		o.Datadog = nil
	}
	c := &Collector{
		options:   o,
		interval:  o.DatadogInterval,
		metrics:   newMetrics(),
		wake:      make(chan struct{}, 1),
		strangers: strangers{wants: map[utilization.Selection]stranger{}, published: make(chan struct{})},
		records:   map[utilization.Selection]*record{},
		workloads: map[utilization.Workload]*asked{},
		read:      map[string]time.Time{},
	}
	c.metrics.snapshot = c.Snapshot
	c.metrics.now = o.Now
	if err := c.metrics.register(o.Registerer); err != nil {
		return nil, err
	}
	return c, nil
}

// Run ticks until the context ends: when something is due, when Datadog has
// answered late, when a stranger asks, when the inventory has changed; never
// faster than a breath. It leaves no call behind.
func (c *Collector) Run(ctx context.Context) error {
	for {
		next := c.Tick(ctx, c.options.Now())
		if !c.rest(ctx, next) {
			break
		}
	}
	if ended := c.ended(); ended != nil {
		<-ended
	}
	return nil
}

// rest waits for the next Tick and says whether there is to be one.
func (c *Collector) rest(ctx context.Context, next time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(c.breath()):
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(min(next.Sub(c.options.Now()), c.options.FallbackInterval)): // the clock may have been set back
	case <-c.ended():
	case <-c.wake:
	case <-c.options.Inventory.Changes():
	}
	return true
}

// breath is the least time between two Ticks: half a second at the defaults, and
// never so long that somebody who waits for his first sample would notice. It
// coalesces what changes together.
func (c *Collector) breath() time.Duration { return min(c.options.RetryInterval/20, time.Second) }

// Snapshot is the newest one; nil before the first Tick.
func (c *Collector) Snapshot() *Snapshot { return c.snapshot.Load() }

// Collected says that a first collection has finished, whatever its outcome.
func (c *Collector) Collected() bool { return c.collected.Load() }

// Turning is an error when the loop has not turned for much longer than a Tick
// may take, or never since it was made.
func (c *Collector) Turning(now time.Time) error {
	return c.Snapshot().Stale(now)
}

// gap is the longest time that may lie between two snapshots, with room to
// spare: a Tick waits for metrics-server for one FallbackInterval at most, and
// the next one comes within one.
func (c *Collector) gap() time.Duration {
	return 4*c.options.FallbackInterval + 2*c.options.DatadogTimeout
}
