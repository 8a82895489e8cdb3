package collector

import (
	"context"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// call is one collection from Datadog that is on its way.
type call struct {
	// at is when it began; batches is what it brought, once ended is closed.
	at      time.Time
	batches []utilization.Batch
	ended   chan struct{}
}

// gather asks both sources, side by side, for what is due. What Datadog
// answers is kept a workload; what metrics-server answers is returned. A
// Datadog that hangs must not make old what metrics-server and the cluster
// know: past a breath its answer is left to the Tick that finds it. That one
// asks nothing new, so that each answer is decided on by itself.
func (c *Collector) gather(ctx context.Context, records []*record, now time.Time) map[string]utilization.NamespaceUsage {
	if c.late = c.hear(0); !c.late && c.calling == nil {
		c.ask(ctx, c.dueWorkloads(records, now), now)
	}
	read := c.readNamespaces(ctx, c.dueNamespaces(records, now), now)
	c.hear(c.breath())
	return read
}

// ask begins a call about the workloads, if there are any.
func (c *Collector) ask(ctx context.Context, workloads []utilization.Workload, now time.Time) {
	if len(workloads) == 0 {
		return
	}
	calling := &call{at: now, ended: make(chan struct{})}
	go func() {
		defer close(calling.ended)
		calling.batches = c.options.Datadog.Collect(ctx, workloads, now)
	}()
	c.calling = calling
}

// hear waits for the call on its way for at most so long, keeps what it has
// brought and says whether it has ended.
func (c *Collector) hear(wait time.Duration) bool {
	if c.calling == nil || !c.calling.over(wait) {
		return false
	}
	for _, batch := range c.calling.batches {
		if batch.Err == nil {
			c.heard = c.calling.at
		}
	}
	for _, batch := range c.calling.batches {
		err := batch.Err
		if c.unknown(batch) {
			err = nil
		}
		c.metrics.collected(fallback.Datadog, err)
		for _, w := range batch.Workloads {
			if a := c.workloads[w]; a != nil { // it may be wanted no more
				c.take(a, batch.Usage[w], err, c.calling.at)
				a.empty = err != nil && batch.Empty
			}
		}
	}
	c.calling = nil
	return true
}

// unknown says that a batch is empty because Datadog does not know any of its
// workloads yet, as it does not a new one that is asked about alone: it has
// never reported one of them, and it has just reported others, so that what it
// is asked, and how, is right. That is no failure.
func (c *Collector) unknown(batch utilization.Batch) bool {
	if !batch.Empty || c.calling.at.Sub(c.heard) > c.options.Policy.DatadogMaxAge {
		return false
	}
	for _, w := range batch.Workloads {
		if a := c.workloads[w]; a != nil && len(a.reported) > 0 {
			return false
		}
	}
	return true
}

// over says whether the call has ended, or does so within a time.
func (c *call) over(wait time.Duration) bool {
	select {
	case <-c.ended:
		return true
	default:
	}
	select {
	case <-c.ended:
		return true
	case <-time.After(wait):
		return false
	}
}

// ended is closed when the call on its way has ended; it is nil for none.
func (c *Collector) ended() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calling == nil {
		return nil
	}
	return c.calling.ended
}

// longestRead bounds one read of metrics-server where its interval is longer.
const longestRead = 15 * time.Second

// readNamespaces reads the Pod metrics of the namespaces, for at most one
// interval: a metrics-server that hangs must not keep Datadog's answer back.
func (c *Collector) readNamespaces(ctx context.Context, namespaces []string, now time.Time) map[string]utilization.NamespaceUsage {
	if len(namespaces) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, min(c.options.FallbackInterval, longestRead))
	defer cancel()
	read := c.options.MetricsServer.Collect(ctx, namespaces)
	for namespace, usage := range read {
		c.metrics.collected(fallback.MetricsServer, usage.Err)
		c.read[namespace] = now
	}
	return read
}
