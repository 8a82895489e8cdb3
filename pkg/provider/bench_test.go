package provider

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// BenchmarkGetExternalMetric reads one workload among few and among many, as
// an HPA with two containers does; the floor is making the list alone.
func BenchmarkGetExternalMetric(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if len(floor("item").Items) != 1 {
				b.Fatal("no item")
			}
		}
	})
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("%d workloads", n), func(b *testing.B) { benchmarkRead(b, n) })
	}
}

// floor makes one list, which must outlive the call as that of a read does.
//
//go:noinline
func floor(name string) *external_metrics.ExternalMetricValueList {
	window := int64(30)
	return &external_metrics.ExternalMetricValueList{Items: []external_metrics.ExternalMetricValue{{
		MetricName:    MaxContainer,
		MetricLabels:  map[string]string{"deployment": name, "container": "istio-proxy", "source": "datadog"},
		Timestamp:     metav1.NewTime(testSpan.End),
		WindowSeconds: &window,
		Value:         *resource.NewMilliQuantity(78412, resource.DecimalSI),
	}}}
}

func benchmarkRead(b *testing.B, workloads int) {
	f := &fake{entries: make(map[utilization.Selection]fakeEntry, workloads)}
	selectors := make([]labels.Selector, workloads)
	for i := range workloads {
		selector, err := labels.Parse(fmt.Sprintf("deployment=item-%d,container in (app,istio-proxy)", i))
		if err != nil {
			b.Fatal(err)
		}
		sel, _, err := testGrammar.Parse("shop", selector)
		if err != nil {
			b.Fatal(err)
		}
		f.entries[sel], selectors[i] = fakeEntry{max: measured(78.412, fallback.Datadog, "istio-proxy")}, selector
	}
	p, _ := newProvider(b, f)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := p.GetExternalMetric(b.Context(), "shop", selectors[i%workloads], provider.ExternalMetricInfo{Metric: MaxContainer}); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
