package collector_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// canned is both sources and the inventory of workloads of ten Pods with three
// containers each; it costs next to nothing, so that what is measured is the
// Collector.
type canned struct {
	*world
	batches []utilization.Batch
	read    map[string]utilization.NamespaceUsage
}

func newCanned(workloads int) *canned {
	c := &canned{world: newWorld(), read: map[string]utilization.NamespaceUsage{"shop": {Pods: map[string]utilization.PodUsage{}}}}
	batch := utilization.Batch{Usage: map[utilization.Workload]map[string][]utilization.Usage{}}
	span := utilization.Span{Begin: clockless.Add(-30 * time.Second), End: clockless}
	for i := range workloads {
		sel := selection("item-" + strconv.Itoa(i))
		w := sel.Workload
		c.want(sel)
		usage, pod := map[string][]utilization.Usage{}, map[string]utilization.Nanocores{}
		for _, name := range []string{"app", "istio-proxy", "logs"} {
			usage[name] = []utilization.Usage{{Span: &span, Mean: core / 2, Pods: 10}}
			pod[name] = core / 2
		}
		for j := range c.pods[w] {
			p := &c.pods[w][j]
			p.Containers = append(p.Containers, utilization.Container{Name: "logs", Request: core})
			c.read["shop"].Pods[p.Name] = utilization.PodUsage{Pod: p.Name, Span: span, Containers: pod}
		}
		batch.Workloads = append(batch.Workloads, w)
		batch.Usage[w] = usage
	}
	c.batches = []utilization.Batch{batch}
	return c
}

func (c *canned) Pace(time.Time) (time.Duration, time.Time) { return 0, time.Time{} }

func (c *canned) Collect(context.Context, []utilization.Workload, time.Time) []utilization.Batch {
	return c.batches
}

type cannedPods struct{ *canned }

func (c cannedPods) Collect(context.Context, []string) map[string]utilization.NamespaceUsage {
	return c.read
}

func (c *canned) collector(t testing.TB) *collector.Collector {
	t.Helper()
	col, err := collector.New(collector.Options{
		Policy: fallback.Policy{
			DatadogMaxAge: 3 * time.Minute, MetricsServerMaxAge: 90 * time.Second, FailureThreshold: 2, RecoveryThreshold: 2,
			Mode: fallback.PodAverage, ScaleDown: fallback.Auto,
		},
		Datadog: c, MetricsServer: cannedPods{c}, Inventory: c,
		DatadogInterval: time.Nanosecond, RetryInterval: 10 * time.Second, FallbackInterval: time.Nanosecond,
		DatadogTimeout: 10 * time.Second, DownscaleStabilization: 5 * time.Minute,
		Registerer: prometheus.NewRegistry(), Log: logr.Discard(),
		Now: func() time.Time { return clockless },
	})
	if err != nil {
		t.Fatal(err)
	}
	return col
}

// Each Tick judges a new answer of both sources about every workload.
func BenchmarkTick(b *testing.B) {
	for _, workloads := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("workloads=%d", workloads), func(b *testing.B) {
			c := newCanned(workloads).collector(b)
			now := clockless
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(time.Microsecond)
				c.Tick(b.Context(), now)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, workloads := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("workloads=%d", workloads), func(b *testing.B) {
			world := newCanned(workloads)
			c := world.collector(b)
			c.Tick(b.Context(), clockless)
			sel := selection("item-7")
			scale := world.Scale(sel)
			scale.Targets = []utilization.Target{{HPA: "shop/item", Value: 70, Scales: true}}
			b.ReportAllocs()
			for b.Loop() {
				e, ok := c.Snapshot().Get(sel)
				if !ok {
					b.Fatal("not in the snapshot")
				}
				if _, err := e.Max(scale, clockless); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
