package utilization_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// noon is the present of all tables.
var noon = time.Date(2026, time.January, 5, 12, 0, 0, 0, time.UTC)

var item = utilization.Workload{Kind: "deployment", Namespace: "shop", Name: "item"}

func of(c utilization.Containers) utilization.Selection {
	return utilization.Selection{Workload: item, Containers: c}
}

var all = of(utilization.Containers{})

func m(millicores int64) utilization.Nanocores { return utilization.FromMillicores(millicores) }

func container(name string, millicores int64) utilization.Container {
	return utilization.Container{Name: name, Request: m(millicores)}
}

// pods are n Pods that count and have been Ready for an hour.
func pods(n int, containers ...utilization.Container) []utilization.Pod {
	out := make([]utilization.Pod, 0, n)
	for i := range n {
		out = append(out, utilization.Pod{
			Name: fmt.Sprintf("item-%02d", i), Running: true, Ready: true,
			Started: noon.Add(-61 * time.Minute), ReadySince: noon.Add(-time.Hour),
			Containers: containers,
		})
	}
	return out
}

// but changes the Pods from the first one given to the one before the last.
func but(from, to int, change func(*utilization.Pod), in []utilization.Pod) []utilization.Pod {
	for i := from; i < to; i++ {
		change(&in[i])
	}
	return in
}

// having makes a change of the containers.
func having(containers ...utilization.Container) func(*utilization.Pod) {
	return func(p *utilization.Pod) { p.Containers = containers }
}

// ago is a span of a half minute that ended so long before noon.
func ago(end time.Duration) utilization.Span {
	return utilization.Span{Begin: noon.Add(-end - 30*time.Second), End: noon.Add(-end)}
}

// shape is what of the Pods can be measured; the test fails where nothing can.
func shape(t testing.TB, s utilization.Selection, pods []utilization.Pod) *utilization.Shape {
	t.Helper()
	out, err := utilization.ShapeOf(s, pods)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// near compares percents as they travel: in thousandths.
func near(a, b utilization.Percent) bool { return math.Abs(float64(a-b)) < 0.0005 }

// contains fails the test for each of the parts that the text lacks.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
}
