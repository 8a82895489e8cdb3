package datadog

import (
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/crest-hpa/crest/pkg/utilization"
)

const (
	// smallestBatch is where halving ends: a query that is too slow for 50
	// workloads is not too slow because of them.
	smallestBatch = 50
	// growAfter is how long a size has to do before the next one is tried.
	growAfter = time.Hour
)

// batchSize is how many workloads are asked about in one call: half as many
// once a call has timed out, and twice as many after each hour without one.
type batchSize struct {
	most    int
	metrics *metrics
	log     logr.Logger

	mu      sync.Mutex
	size    int
	changed time.Time
}

func newBatchSize(most int, m *metrics, log logr.Logger) *batchSize {
	m.batchSize.Set(float64(most))
	return &batchSize{most: most, size: most, metrics: m, log: log}
}

// at is the size to use now.
func (b *batchSize) at(now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size < b.most && now.Sub(b.changed) >= growAfter {
		b.set(min(2*b.size, b.most), now)
	}
	return b.size
}

// timedOut says that a call about this many workloads got no answer in time.
// Calls that time out side by side halve the size once, not once each.
func (b *batchSize) timedOut(workloads int, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	half := max((workloads+1)/2, smallestBatch)
	if half < workloads && half < b.size {
		b.set(half, now)
	} else if b.size < b.most {
		// It is no time to grow either.
		b.changed = now
	}
}

func (b *batchSize) set(size int, now time.Time) {
	b.log.Info("The number of workloads in one query to Datadog changes", "from", b.size, "to", size, "most", b.most)
	b.size, b.changed = size, now
	b.metrics.batchSize.Set(float64(size))
}

// split cuts workloads into as few parts of at most size as there can be, of
// nearly equal length: a small rest costs as much as a whole call.
func split(workloads []utilization.Workload, size int) [][]utilization.Workload {
	parts := (len(workloads) + size - 1) / size
	batches := make([][]utilization.Workload, 0, parts)
	for i := range parts {
		begin, end := i*len(workloads)/parts, (i+1)*len(workloads)/parts
		batches = append(batches, workloads[begin:end])
	}
	return batches
}
