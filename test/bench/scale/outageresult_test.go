package scale

import (
	"slices"
	"testing"
)

func TestEachSortOfCallsIsOneRowWhicheverSpanItIsIn(t *testing.T) {
	before := []calls{{verb: "list", resource: podMetrics, number: 100, namespaces: 50}, {verb: "create", resource: "events", number: 7}}
	after := []calls{{verb: "get", resource: "deployments/scale.apps", number: 2}, {verb: "list", resource: podMetrics, number: 200}}
	want := []twice{
		{before: before[0], after: 200},
		{before: before[1]},
		{before: calls{verb: "get", resource: "deployments/scale.apps"}, after: 2},
	}
	if got := merge(before, after); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
