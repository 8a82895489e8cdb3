package collector_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// datadog measures the world in buckets of 30 s that are known 15 s late.
type datadog struct {
	world *world
	mu    sync.Mutex
	// err fails all calls, errs the batch of a workload by its name; a call
	// takes as long as delay.
	err  error
	errs map[string]error
	// empty fails a call that finds no data at all.
	empty error
	delay time.Duration
	// stopped is when the data of a workload stop to advance; silent are
	// containers without data.
	stopped map[string]time.Time
	silent  map[string]bool
	// own makes it go by a clock of its own: it has measured nothing that the
	// asker's clock is ahead of, and remembers all that it is behind of.
	own bool
	// more is how many Pods report a container beside those that there are.
	more map[string]int
	// notBefore is what the rate limit says from the next answer on.
	reset, notBefore time.Time
	interval         time.Duration
	calls            [][]string
}

func (d *datadog) do(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *datadog) Pace(time.Time) (time.Duration, time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.interval, d.notBefore
}

func (d *datadog) Collect(ctx context.Context, workloads []utilization.Workload, now time.Time) []utilization.Batch {
	d.mu.Lock()
	var names []string
	for _, w := range workloads {
		names = append(names, w.Name)
	}
	d.calls = append(d.calls, names)
	delay := d.delay
	d.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(delay):
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notBefore = d.reset
	good := utilization.Batch{Usage: map[utilization.Workload]map[string][]utilization.Usage{}}
	failed := map[error]*utilization.Batch{}
	for _, w := range workloads {
		err := d.err
		if d.errs[w.Name] != nil {
			err = d.errs[w.Name]
		}
		if err == nil {
			good.Workloads = append(good.Workloads, w)
			good.Usage[w] = d.usage(w, now)
			continue
		}
		if failed[err] == nil {
			failed[err] = &utilization.Batch{Err: err}
		}
		failed[err].Workloads = append(failed[err].Workloads, w)
	}
	if d.empty != nil && !hasData(good) {
		good = utilization.Batch{Workloads: good.Workloads, Err: d.empty, Empty: true}
	}
	batches := []utilization.Batch{good}
	for _, b := range failed {
		batches = append(batches, *b)
	}
	return slices.DeleteFunc(batches, func(b utilization.Batch) bool { return len(b.Workloads) == 0 })
}

func hasData(b utilization.Batch) bool {
	for _, usage := range b.Usage {
		if len(usage) > 0 {
			return true
		}
	}
	return false
}

// usage is four buckets of each container of a workload.
func (d *datadog) usage(w utilization.Workload, now time.Time) map[string][]utilization.Usage {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	const step = 30 * time.Second
	last := now.Add(-15 * time.Second)
	if d.own {
		if measured := clock().Add(-15 * time.Second); measured.Before(now) {
			last = measured
		} else {
			last = now
		}
	}
	if stop := d.stopped[w.Name]; !stop.IsZero() && stop.Before(last) {
		last = stop
	}
	usage := map[string][]utilization.Usage{}
	for name, percent := range d.world.busy[w] {
		for i := 3; i >= 0 && len(d.world.pods[w]) > 0 && !d.silent[name] && !d.silent[w.Name]; i-- {
			end := last.Truncate(step).Add(-time.Duration(i) * step)
			if d.own && now.Sub(end) > 5*time.Minute {
				continue // it was asked for the last five minutes
			}
			usage[name] = append(usage[name], utilization.Usage{
				Span: &utilization.Span{Begin: end.Add(-step), End: end}, Mean: core * utilization.Nanocores(percent) / 100, Pods: len(d.world.pods[w]) + d.more[name],
			})
		}
	}
	return usage
}

// asked are the calls since the last time.
func (d *datadog) asked() [][]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	calls := d.calls
	d.calls = nil
	return calls
}

// metricsServer measures the world every 15 s.
type metricsServer struct {
	world *world
	mu    sync.Mutex
	err   error
	delay time.Duration
	// lag is by how much its data are older.
	lag   time.Duration
	calls [][]string
}

func (m *metricsServer) do(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

func (m *metricsServer) Collect(ctx context.Context, namespaces []string) map[string]utilization.NamespaceUsage {
	m.mu.Lock()
	m.calls = append(m.calls, namespaces)
	delay, lag, err := m.delay, m.lag, m.err
	m.mu.Unlock()
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(delay):
	}
	end := clock().Add(-lag).Truncate(15 * time.Second)
	read := map[string]utilization.NamespaceUsage{}
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	for _, namespace := range namespaces {
		if err != nil {
			read[namespace] = utilization.NamespaceUsage{Err: err}
			continue
		}
		read[namespace] = utilization.NamespaceUsage{Pods: m.pods(namespace, end)}
	}
	return read
}

func (m *metricsServer) pods(namespace string, end time.Time) map[string]utilization.PodUsage {
	pods := map[string]utilization.PodUsage{}
	for w, all := range m.world.pods {
		if w.Namespace != namespace {
			continue
		}
		for _, p := range all {
			usage := map[string]utilization.Nanocores{}
			for name, percent := range m.world.busy[w] {
				usage[name] = core * utilization.Nanocores(percent) / 100
			}
			pods[p.Name] = utilization.PodUsage{Pod: p.Name, Containers: usage, Span: utilization.Span{Begin: end.Add(-15 * time.Second), End: end}}
		}
	}
	return pods
}

// read are the namespaces that were read since the last time.
func (m *metricsServer) read() [][]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := m.calls
	m.calls = nil
	return calls
}
