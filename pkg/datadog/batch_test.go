package datadog

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func deployments(n int) []utilization.Workload {
	workloads := make([]utilization.Workload, n)
	for i := range workloads {
		workloads[i] = utilization.Workload{Kind: "deployment", Namespace: "shop", Name: fmt.Sprintf("w%04d", i)}
	}
	return workloads
}

func TestSplitMakesFewPartsOfOneSize(t *testing.T) {
	for name, test := range map[string]struct {
		workloads, size int
		want            []int
	}{
		"nothing":                      {0, 10, nil},
		"one":                          {1, 10, []int{1}},
		"as many as fit":               {10, 10, []int{10}},
		"one more than fits":           {11, 10, []int{5, 6}},
		"a thousand in one call":       {1000, 1000, []int{1000}},
		"no small rest":                {1030, 500, []int{343, 343, 344}},
		"a part for each of them":      {3, 1, []int{1, 1, 1}},
		"three parts, the last longer": {8, 3, []int{2, 3, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			all := deployments(test.workloads)
			var sizes []int
			var together []utilization.Workload
			for _, part := range split(all, test.size) {
				sizes = append(sizes, len(part))
				together = append(together, part...)
			}
			if !slices.Equal(sizes, test.want) || !slices.Equal(together, all) {
				t.Errorf("got parts of %v, want %v", sizes, test.want)
			}
		})
	}
}

func TestABatchThatTimesOutIsHalvedAndGrowsAgainAfterAnHour(t *testing.T) {
	type event struct {
		after    time.Duration
		timedOut []int // sizes of the batches that timed out then
		want     int
	}
	for name, test := range map[string]struct {
		most   int
		events []event
	}{
		"halved, and twice as many after each hour": {1000, []event{
			{0, []int{1000}, 500},
			{time.Minute, []int{500}, 250},
			{59 * time.Minute, nil, 250},
			{2 * time.Minute, nil, 500},
			{59 * time.Minute, nil, 500},
			{time.Minute, nil, 1000},
			{time.Hour, nil, 1000},
		}},
		"calls that time out side by side halve it once":    {1000, []event{{0, []int{1000, 1000, 1000}, 500}}},
		"a late timeout of a larger batch does not undo it": {1000, []event{{0, []int{1000, 500, 1000}, 250}}},
		"never below 50": {120, []event{{0, []int{120}, 60}, {0, []int{60}, 50}, {0, []int{50}, 50}}},
		"a batch that is small already changes nothing":    {1000, []event{{0, []int{30}, 1000}}},
		"a maximum below 50 is kept":                       {20, []event{{0, []int{20}, 20}}},
		"a timeout puts off the growing":                   {100, []event{{0, []int{100}, 50}, {40 * time.Minute, []int{50}, 50}, {30 * time.Minute, nil, 50}, {30 * time.Minute, nil, 100}}},
		"growing ends at what is configured, not above it": {1000, []event{{0, []int{999}, 500}, {time.Hour, nil, 1000}}},
	} {
		t.Run(name, func(t *testing.T) {
			m := testMetrics(t)
			b, now := newBatchSize(test.most, m, logr.Discard()), noon
			for i, e := range test.events {
				now = now.Add(e.after)
				for _, workloads := range e.timedOut {
					b.timedOut(workloads, now)
				}
				if got := b.at(now); got != e.want || testutil.ToFloat64(m.batchSize) != float64(got) {
					t.Errorf("event %d: got %d, want %d, published as %v", i, got, e.want, testutil.ToFloat64(m.batchSize))
				}
			}
		})
	}
}
