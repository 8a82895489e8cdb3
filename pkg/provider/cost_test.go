//go:build !race

// The race detector allocates by itself.

package provider

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestCostOfAReadIsAtMostTwiceThatOfItsListHoweverManyWorkloadsThereAre(t *testing.T) {
	list := testing.AllocsPerRun(1000, func() {
		if len(floor("item").Items) != 1 {
			t.Fatal("no item")
		}
	})
	few, many := allocationsOfARead(t, 10), allocationsOfARead(t, 10_000)
	if few > 2*list {
		t.Errorf("a read allocates %v times, its list alone %v times", few, list)
	}
	if many != few {
		t.Errorf("a read allocates %v times among 10,000 workloads and %v times among 10", many, few)
	}
}

// allocationsOfARead is what one of many workloads costs to read, as an HPA with
// two containers does.
func allocationsOfARead(t *testing.T, workloads int) float64 {
	t.Helper()
	f := &fake{entries: make(map[utilization.Selection]fakeEntry, workloads)}
	var selector labels.Selector
	for i := range workloads {
		var err error
		if selector, err = labels.Parse(fmt.Sprintf("deployment=item-%d,container in (app,istio-proxy)", i)); err != nil {
			t.Fatal(err)
		}
		sel, _, err := testGrammar.Parse("shop", selector)
		if err != nil {
			t.Fatal(err)
		}
		f.entries[sel] = fakeEntry{max: measured(78.412, fallback.Datadog, "istio-proxy")}
	}
	p, _ := newProvider(t, f)
	return testing.AllocsPerRun(1000, func() {
		if _, err := p.GetExternalMetric(t.Context(), "shop", selector, provider.ExternalMetricInfo{Metric: MaxContainer}); err != nil {
			t.Fatal(err)
		}
	})
}
