package controller

import (
	"context"
	"time"

	"github.com/crest-hpa/crest/test/bench/process"
	"github.com/crest-hpa/crest/test/stage"
)

// moment is what the processes had done until then.
type moment struct {
	at      time.Time
	metrics metrics
	// cpu is the CPU time of each process.
	cpu map[string]time.Duration
}

// The processes whose CPU time is told, as the cluster names them; adapter is Crest itself.
const (
	manager       = "kube-controller-manager"
	apiServer     = "kube-apiserver"
	metricsServer = "metrics-server"
	adapter       = "crest"
)

// now looks at the HPA controller, and at all who take part in its syncs.
func now(ctx context.Context, s *stage.Stage) (moment, error) {
	m := moment{at: time.Now(), cpu: map[string]time.Duration{}}
	text, err := s.Cluster.ControllerMetrics(ctx)
	if err != nil {
		return m, err
	}
	if m.metrics, err = parse(text); err != nil {
		return m, err
	}
	pids := s.Cluster.Pids()
	for name, pid := range map[string]int{
		manager: pids[manager], apiServer: pids[apiServer], metricsServer: pids[metricsServer], adapter: s.Adapter.Pid(),
	} {
		if m.cpu[name], err = process.CPU(pid); err != nil {
			return m, err
		}
	}
	return m, nil
}

// slice is what happened between two moments.
type slice struct {
	took time.Duration
	// syncs are those that ended; failed those with an error, scaled those that changed replicas.
	syncs, failed, scaled float64
	// sync is the whole of it, reading that of the metric alone.
	sync, reading histogram
	// queued is how long an HPA that was due waited for its turn.
	queued histogram
	// limited is how long requests waited because of the client's own limit.
	limited histogram
	// requests are all that the controllers sent.
	requests float64
	// depth is how many HPAs waited for their turn at the end.
	depth float64
	// cpu is what each process used.
	cpu map[string]time.Duration
}

// between is what happened from one moment to a later one.
func between(from, to moment) slice {
	const hpa = "horizontal_pod_autoscaler_controller_"
	queue, none := map[string]string{"name": "horizontalpodautoscaler"}, map[string]string(nil)
	count := func(name string, labels map[string]string) float64 {
		return to.metrics.sum(name, labels) - from.metrics.sum(name, labels)
	}
	times := func(name string, labels map[string]string) histogram {
		return to.metrics.histogram(name, labels).minus(from.metrics.histogram(name, labels))
	}
	s := slice{
		took: to.at.Sub(from.at),
		sync: times(hpa+"reconciliation_duration_seconds", none), reading: times(hpa+"metric_computation_duration_seconds", none),
		queued:   times("workqueue_queue_duration_seconds", queue),
		limited:  times("rest_client_rate_limiter_duration_seconds", none),
		requests: count("rest_client_requests_total", none),
		depth:    to.metrics.sum("workqueue_depth", queue),
		cpu:      map[string]time.Duration{},
	}
	s.syncs = count(hpa+"reconciliations_total", none)
	s.failed = s.syncs - count(hpa+"reconciliations_total", map[string]string{"error": "none"})
	s.scaled = s.syncs - count(hpa+"reconciliations_total", map[string]string{"action": "none"})
	for name, used := range to.cpu {
		s.cpu[name] = used - from.cpu[name]
	}
	return s
}

// plus is both slices as one; the depth is the deeper.
func (s slice) plus(o slice) slice {
	both := slice{
		took: s.took + o.took, syncs: s.syncs + o.syncs, failed: s.failed + o.failed, scaled: s.scaled + o.scaled,
		sync: s.sync.plus(o.sync), reading: s.reading.plus(o.reading), queued: s.queued.plus(o.queued), limited: s.limited.plus(o.limited),
		requests: s.requests + o.requests, depth: max(s.depth, o.depth), cpu: map[string]time.Duration{},
	}
	for name, used := range s.cpu {
		both.cpu[name] = used + o.cpu[name]
	}
	return both
}

// perSync is a part of a sync, where something was counted over all of them.
func (s slice) perSync(d time.Duration) time.Duration {
	if s.syncs == 0 {
		return 0
	}
	return time.Duration(float64(d) / s.syncs)
}

// every is the time between two syncs of one of so many HPAs.
func (s slice) every(hpas int) time.Duration { return s.perSync(s.took * time.Duration(hpas)) }

// waited is what the clients' own limit cost a sync at the mean, if no other controller waited there.
func (s slice) waited() time.Duration { return s.perSync(fromSeconds(s.limited.sum)) }
