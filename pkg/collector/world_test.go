package collector_test

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// core is the CPU request of every container, unless a story says otherwise.
var core = utilization.FromMillicores(1000)

// world is a cluster: the truth that both sources measure, and the inventory.
type world struct {
	mu    sync.Mutex
	wants []utilization.Want
	pods  map[utilization.Workload][]utilization.Pod
	errs  map[utilization.Workload]error
	// busy is what each container uses, in percent of a core.
	busy     map[utilization.Workload]map[string]int64
	targets  []utilization.Target
	replicas int
	// mean is the mean of the Ready Pods over any span; all Pods if 0.
	mean     float64
	events   []string
	enrolled []utilization.Workload
	changes  chan struct{}
}

func newWorld(wanted ...utilization.Selection) *world {
	w := &world{
		pods: map[utilization.Workload][]utilization.Pod{}, errs: map[utilization.Workload]error{},
		busy: map[utilization.Workload]map[string]int64{}, changes: make(chan struct{}, 1),
	}
	for _, sel := range wanted {
		w.want(sel)
	}
	return w
}

// do changes the world while the loop runs.
func (w *world) do(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// want has an HPA name a selection of a workload of ten Pods.
func (w *world) want(sel utilization.Selection) {
	w.wants = append(w.wants, utilization.Want{Selection: sel})
	w.make(sel.Workload)
}

func (w *world) make(workload utilization.Workload) {
	if w.pods[workload] != nil {
		return
	}
	w.pods[workload] = ready(workload.Name, 10, clockless.Add(-time.Hour))
	w.busy[workload] = map[string]int64{"app": 20, "istio-proxy": 90}
}

// clockless is when simulated time begins.
var clockless = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// ready are Pods of two containers that are Ready since a time.
func ready(name string, n int, since time.Time) []utilization.Pod {
	pods := make([]utilization.Pod, 0, n)
	for i := range n {
		pods = append(pods, utilization.Pod{
			Name: name + "-" + strconv.Itoa(i), Running: true, Ready: true, Started: since, ReadySince: since,
			Containers: []utilization.Container{{Name: "app", Request: core}, {Name: "istio-proxy", Request: core}},
		})
	}
	return pods
}

func (w *world) Wanted() []utilization.Want {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.wants)
}

func (w *world) Enrol(workloads []utilization.Workload) {
	w.do(func() { w.enrolled = workloads })
}

func (w *world) Changes() <-chan struct{} { return w.changes }

func (w *world) Pods(workload utilization.Workload) ([]utilization.Pod, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pods, ok := w.pods[workload]
	switch {
	case w.errs[workload] != nil:
		return nil, w.errs[workload]
	case !ok:
		return nil, &utilization.NotFoundError{Workload: workload}
	}
	return pods, nil
}

func (w *world) MeanReady(workload utilization.Workload, _ utilization.Span) (float64, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mean > 0 {
		return w.mean, true
	}
	return float64(len(w.pods[workload])), true
}

func (w *world) PeakRunning(workload utilization.Workload, _ utilization.Span) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.pods[workload])
}

func (w *world) Scale(sel utilization.Selection) utilization.Scale {
	w.mu.Lock()
	defer w.mu.Unlock()
	scale := utilization.Scale{Targets: w.targets, Replicas: w.replicas}
	for _, p := range w.pods[sel.Workload] {
		scale.Running++
		if p.Counts() {
			scale.Ready++
			scale.ReadySince = append(scale.ReadySince, p.ReadySince)
		}
	}
	slices.SortFunc(scale.ReadySince, time.Time.Compare)
	if scale.Replicas == 0 {
		scale.Replicas = len(w.pods[sel.Workload])
	}
	return scale
}

func (w *world) Event(s utilization.Selection, reason, note string) {
	w.do(func() { w.events = append(w.events, s.Workload.Name+" "+reason+": "+note) })
}

// target gives the world an HPA of this target for every selection.
func (w *world) target(value utilization.Percent) {
	w.do(func() { w.targets = []utilization.Target{{HPA: "shop/item", Value: value, Scales: true}} })
}

// changed tells the loop.
func (w *world) changed(f func()) {
	w.do(f)
	w.changes <- struct{}{}
}

// datadog measures the world in buckets of 30 s that are known 15 s late.
type datadog struct {
	world *world
	mu    sync.Mutex
	// err fails all calls, errs the batch of a workload by its name; a call
	// takes as long as delay.
	err   error
	errs  map[string]error
	delay time.Duration
	// stopped is when the data of a workload stop to advance; silent are
	// containers without data.
	stopped map[string]time.Time
	silent  map[string]bool
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
	batches := []utilization.Batch{good}
	for _, b := range failed {
		batches = append(batches, *b)
	}
	return slices.DeleteFunc(batches, func(b utilization.Batch) bool { return len(b.Workloads) == 0 })
}

// usage is four buckets of each container of a workload.
func (d *datadog) usage(w utilization.Workload, now time.Time) map[string][]utilization.Usage {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	const step = 30 * time.Second
	last := now.Add(-15 * time.Second)
	if stop := d.stopped[w.Name]; !stop.IsZero() && stop.Before(last) {
		last = stop
	}
	usage := map[string][]utilization.Usage{}
	for name, percent := range d.world.busy[w] {
		for i := 3; i >= 0 && len(d.world.pods[w]) > 0 && !d.silent[name] && !d.silent[w.Name]; i-- {
			end := last.Truncate(step).Add(-time.Duration(i) * step)
			usage[name] = append(usage[name], utilization.Usage{
				Span: utilization.Span{Begin: end.Add(-step), End: end}, Mean: core * utilization.Nanocores(percent) / 100, Pods: len(d.world.pods[w]),
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
			for name, percent := range maps.All(m.world.busy[w]) {
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
