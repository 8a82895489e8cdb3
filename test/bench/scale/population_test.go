package scale

import (
	"maps"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/test/world"
)

func TestPodsAreRunningAndBelongToTheirDeploymentAsDatadogsAgentSeesThem(t *testing.T) {
	since := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		workload   workload
		containers []string
	}{
		"with a sidecar":           {newWorkload(4, 2), []string{app, proxy}},
		"with a log agent as well": {newWorkload(7, 2), []string{app, proxy, logAgent}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world.New(world.Options{})
			for n := range c.workload.pods {
				p := newPod(c.workload, n)
				p.UID = types.UID(p.Name)
				run(p, n, since)
				w.SetPod(since, p)
			}
			found := map[string]int{}
			for _, track := range w.Tracks(since, since.Add(time.Minute)) {
				if track.Owner.Kind != "Deployment" || track.Owner.Name != c.workload.name || track.Request == 0 {
					t.Errorf("%s of %s belongs to %v and requests %v", track.Container, track.Pod, track.Owner, track.Request)
				}
				found[track.Container]++
			}
			want := map[string]int{}
			for _, container := range c.containers {
				want[container] = c.workload.pods
			}
			if !maps.Equal(found, want) {
				t.Errorf("there run %v, want %v", found, want)
			}
		})
	}
}

func TestWorkloadsAreSpreadOverAllNamespacesAndNoNameIsThereTwice(t *testing.T) {
	names, seen := map[string]bool{}, map[string]bool{}
	for i := range 10 * namespaces {
		w := newWorkload(i, 1)
		names[w.namespace], seen[w.namespace+"/"+w.name] = true, true
	}
	if len(names) != namespaces || len(seen) != 10*namespaces {
		t.Errorf("%d names in %d namespaces, want %d in %d", len(seen), len(names), 10*namespaces, namespaces)
	}
}

func TestTheMedianIsTheMiddleOrTheMeanOfBoth(t *testing.T) {
	for name, c := range map[string]struct {
		all  []time.Duration
		want time.Duration
	}{
		"of one":   {[]time.Duration{3}, 3},
		"of three": {[]time.Duration{9, 1, 4}, 4},
		"of four":  {[]time.Duration{10, 1, 4, 6}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(c.all)
			if got := median(c.all); got != c.want || !slices.Equal(c.all, before) {
				t.Errorf("got %v and %v is left, want %v", got, c.all, c.want)
			}
		})
	}
}
