package collector_test

import (
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
	mean float64
	// spans are those that MeanReady was asked about.
	spans []utilization.Span
	// events are the warnings, informed the other Events.
	events, informed []string
	enrolled         []utilization.Workload
	changes          chan struct{}
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

func (w *world) MeanReady(workload utilization.Workload, span utilization.Span) (float64, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spans = append(w.spans, span)
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

func (w *world) Warn(s utilization.Selection, reason, note string) {
	w.do(func() { w.events = append(w.events, s.Workload.Name+" "+reason+": "+note) })
}

func (w *world) Inform(s utilization.Selection, reason, note string) {
	w.do(func() { w.informed = append(w.informed, s.Workload.Name+" "+reason+": "+note) })
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
