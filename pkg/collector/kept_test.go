package collector_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// fresh answers as both sources do, with nothing that it keeps itself: eight
// buckets of three containers, and the usage of each Pod.
type fresh struct{ *canned }

// MeanReady takes no notes, unlike that of the world.
func (f fresh) MeanReady(utilization.Workload, utilization.Span) (float64, bool) { return 10, true }

func (f fresh) Collect(_ context.Context, workloads []utilization.Workload, now time.Time) []utilization.Batch {
	batch := utilization.Batch{Workloads: workloads, Usage: map[utilization.Workload]map[string][]utilization.Usage{}}
	spans := make([]utilization.Span, 8)
	for i := range spans {
		end := now.Add(-time.Duration(len(spans)-1-i) * 30 * time.Second)
		spans[i] = utilization.Span{Begin: end.Add(-30 * time.Second), End: end}
	}
	for _, w := range workloads {
		usage := map[string][]utilization.Usage{}
		for _, name := range []string{"app", "istio-proxy", "logs"} {
			buckets := make([]utilization.Usage, len(spans))
			for i := range buckets {
				buckets[i] = utilization.Usage{Span: &spans[i], Mean: core / 2, Pods: 10}
			}
			usage[name] = buckets
		}
		batch.Usage[w] = usage
	}
	return []utilization.Batch{batch}
}

type freshPods struct {
	fresh
	now *time.Time
}

func (f freshPods) Collect(context.Context, []string) map[string]utilization.NamespaceUsage {
	pods := map[string]utilization.PodUsage{}
	span := utilization.Span{Begin: f.now.Add(-15 * time.Second), End: *f.now}
	for _, of := range f.pods {
		for i := range of {
			usage := map[string]utilization.Nanocores{"app": core / 2, "istio-proxy": core / 2, "logs": core / 2}
			pods[of[i].Name] = utilization.PodUsage{Pod: of[i].Name, Span: span, Containers: usage}
		}
	}
	return map[string]utilization.NamespaceUsage{"shop": {Pods: pods}}
}

// BenchmarkKept reports the bytes that the loop keeps of each workload, of ten
// Pods with three containers, once it has run for as long as it remembers.
func BenchmarkKept(b *testing.B) {
	const workloads = 1000
	var per float64
	for b.Loop() {
		now := clockless
		source := fresh{newCanned(workloads)}
		before := inUse()
		c, err := collector.New(collector.Options{
			Policy: fallback.Policy{
				DatadogMaxAge: 3 * time.Minute, MetricsServerMaxAge: 90 * time.Second, FailureThreshold: 2, RecoveryThreshold: 2,
				Mode: fallback.PodAverage, ScaleDown: fallback.Auto,
			},
			Datadog: source, MetricsServer: freshPods{source, &now}, Inventory: source,
			DatadogInterval: 30 * time.Second, RetryInterval: 10 * time.Second, FallbackInterval: 15 * time.Second,
			DatadogTimeout: 10 * time.Second, DownscaleStabilization: 5 * time.Minute,
			Registerer: prometheus.NewRegistry(), Log: logr.Discard(),
			Now: func() time.Time { return now },
		})
		if err != nil {
			b.Fatal(err)
		}
		for range 32 {
			c.Tick(b.Context(), now)
			now = now.Add(30 * time.Second)
		}
		if e, ok := c.Snapshot().Get(selection("item-" + strconv.Itoa(workloads-1))); !ok || e == nil {
			b.Fatal("the last workload is not followed")
		}
		per = float64(inUse()-before) / workloads
		runtime.KeepAlive(c)
	}
	b.ReportMetric(per, "B/workload")
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what clean-ups held
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
