package calls

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/datadog"
	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
	"github.com/crest-hpa/crest/test/bench/fleet"
	"github.com/crest-hpa/crest/test/datadogsim"
)

const (
	// Those of a default installation; mostOfDefaults is how many workloads one call is about there, at most.
	interval       = 30 * time.Second
	maxAge         = 3 * time.Minute
	mostOfDefaults = 1000
	// breath is how far two Ticks are apart at least, whatever happens.
	breath = 500 * time.Millisecond
)

// begin is when simulated time begins: on the boundary of a bucket, as little matters.
var begin = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// life is Crest's loop with its own Datadog client, which calls the simulator over HTTP. All of it goes by one clock.
type life struct {
	*collector.Collector
	inventory *inventory
	pods      *podMetrics
	source    *source
	sim       *datadogsim.Sim
	clock     atomic.Int64
}

func (l *life) now() time.Time { return time.Unix(0, l.clock.Load()).UTC() }

// source is the Datadog client, and knows whether it is being asked.
type source struct {
	*datadog.Client
	underWay atomic.Int64
	calls    sync.WaitGroup
	// collections counts the questions about any workloads, each of one or more calls.
	collections int
}

// Collect implements [collector.Datadog].
func (s *source) Collect(ctx context.Context, workloads []utilization.Workload, now time.Time) []utilization.Batch {
	s.collections++
	s.calls.Add(1)
	s.underWay.Add(1)
	defer s.calls.Done()
	defer s.underWay.Add(-1)
	return s.Client.Collect(ctx, workloads, now)
}

// newLife makes a life for a fleet of which nothing is there yet. Its end must be called.
func newLife(o fleet.Options, mostOfACall int) (*life, error) {
	f, err := fleet.New(o, begin.Add(-time.Hour))
	if err != nil {
		return nil, err
	}
	l := &life{inventory: &inventory{Fleet: f}}
	l.clock.Store(begin.UnixNano())
	l.pods = &podMetrics{inventory: l.inventory, now: l.now}
	l.sim, err = datadogsim.New(datadogsim.Options{
		World: f.World, APIKey: fleet.APIKey, AppKey: fleet.AppKey, ClusterName: fleet.Cluster, Lag: 15 * time.Second, Now: l.now,
	})
	if err != nil {
		return nil, err
	}
	url, err := l.sim.Start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	client, err := l.client(url, mostOfACall)
	if err == nil {
		l.source = &source{Client: client}
		l.Collector, err = l.collector()
	}
	if err != nil {
		return nil, errors.Join(err, l.end())
	}
	return l, nil
}

// client is the product's, as a default installation makes it.
func (l *life) client(url string, mostOfACall int) (*datadog.Client, error) {
	return datadog.New(datadog.Options{
		URL: url, ClusterTag: "kube_cluster_name", ClusterName: fleet.Cluster, UsageMetric: "kubernetes.cpu.usage.total",
		Interval: interval, Timeout: time.Minute, MaxAge: maxAge, MaxWorkloadsPerQuery: mostOfACall,
		Tags: fleet.Tags, APIKey: fleet.APIKey, AppKey: fleet.AppKey, Log: logr.Discard(), Now: l.now,
	})
}

// collector is the product's, as a default installation makes it.
func (l *life) collector() (*collector.Collector, error) {
	return collector.New(collector.Options{
		Policy: fallback.Policy{
			DatadogMaxAge: maxAge, MetricsServerMaxAge: 90 * time.Second, FailureThreshold: 2, RecoveryThreshold: 2,
			Mode: fallback.PodAverage, ScaleDown: fallback.Auto,
		},
		Datadog: l.source, MetricsServer: l.pods, Inventory: l.inventory,
		DatadogInterval: interval, RetryInterval: 10 * time.Second, FallbackInterval: 15 * time.Second,
		DatadogTimeout: 10 * time.Second, DownscaleStabilization: 5 * time.Minute,
		Registerer: prometheus.NewRegistry(), Log: logr.Discard(), Now: l.now,
	})
}

func (l *life) end() error { return l.sim.Close() }

// live ticks as the loop does, and sets the clock forward in between: to when the next Tick is due, or to when there
// are more workloads than before. there is how many there are once so much time has passed.
func (l *life) live(ctx context.Context, length time.Duration, there func(passed time.Duration) int) error {
	end := begin.Add(length)
	for now := begin; now.Before(end); {
		l.clock.Store(now.UnixNano())
		l.inventory.grow(there(now.Sub(begin)))
		next, err := l.tick(ctx, now)
		if err != nil {
			return err
		}
		for now = now.Add(breath); now.Before(next) && there(now.Sub(begin)) == len(l.inventory.wants); {
			now = now.Add(breath)
		}
	}
	return nil
}

// tick ticks until nothing more is due at this moment. A call that a Tick has not waited for ends at the same moment.
func (l *life) tick(ctx context.Context, now time.Time) (next time.Time, err error) {
	const most = 10
	for range most {
		next = l.Tick(ctx, now)
		waits := l.source.underWay.Load() > 0
		l.source.calls.Wait()
		if err := ctx.Err(); err != nil {
			return next, err
		}
		if !waits && next.After(now) {
			return next, nil
		}
	}
	return next, fmt.Errorf("after %d Ticks at one moment the loop still wants another", most)
}

// answered says how many of the workloads are answered from Datadog now.
func (l *life) answered() int {
	n := 0
	for _, want := range l.inventory.wants {
		e, ok := l.Snapshot().Get(want.Selection)
		if !ok {
			continue
		}
		if r, err := e.Max(l.inventory.Scale(want.Selection), l.now()); err == nil && r.Source == fallback.Datadog {
			n++
		}
	}
	return n
}
