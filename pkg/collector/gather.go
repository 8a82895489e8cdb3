package collector

import (
	"context"
	"iter"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// gather asks both sources, side by side, for what is due. It yields what
// metrics-server answered, a namespace, once all is there. What Datadog
// answers it keeps, a workload; if that takes longer than a breath, gather
// yields twice, first without it: a Datadog that hangs must not make what
// metrics-server knows old.
func (c *Collector) gather(ctx context.Context, records []*record, now time.Time) iter.Seq[map[string]utilization.NamespaceUsage] {
	return func(yield func(map[string]utilization.NamespaceUsage) bool) {
		batches := c.ask(ctx, c.dueWorkloads(records, now), now)
		read := c.readNamespaces(ctx, c.dueNamespaces(records, now), now)
		select {
		case answer := <-batches:
			c.keep(answer, now)
			yield(read)
			return
		case <-time.After(c.breath()):
		}
		more := yield(read)
		c.keep(<-batches, now)
		if more {
			yield(nil)
		}
	}
}

// ask sends Datadog's answer about the workloads; at once when there are none.
func (c *Collector) ask(ctx context.Context, workloads []utilization.Workload, now time.Time) <-chan []utilization.Batch {
	answer := make(chan []utilization.Batch, 1)
	if len(workloads) == 0 {
		answer <- nil
		return answer
	}
	go func() { answer <- c.Datadog.Collect(ctx, workloads, now) }()
	return answer
}

// keep takes what Datadog answered.
func (c *Collector) keep(batches []utilization.Batch, now time.Time) {
	for _, batch := range batches {
		c.metrics.collected(fallback.Datadog, batch.Err)
		for _, w := range batch.Workloads {
			c.take(c.workloads[w], batch.Usage[w], batch.Err, now)
		}
	}
}

// readNamespaces reads the Pod metrics of the namespaces, for at most one
// interval: a metrics-server that hangs must not keep Datadog's answer back.
func (c *Collector) readNamespaces(ctx context.Context, namespaces []string, now time.Time) map[string]utilization.NamespaceUsage {
	if len(namespaces) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.FallbackInterval)
	defer cancel()
	read := c.MetricsServer.Collect(ctx, namespaces)
	for namespace, usage := range read {
		c.metrics.collected(fallback.MetricsServer, usage.Err)
		c.read[namespace] = now
	}
	return read
}
