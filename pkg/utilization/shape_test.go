package utilization_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestShapeSaysWhichContainersCountAndWhyOthersDoNot(t *testing.T) {
	app, proxy := container("app", 200), container("istio-proxy", 100)
	type reasons = map[string]utilization.LeftOutReason
	for name, test := range map[string]struct {
		selection utilization.Containers
		pods      []utilization.Pod
		counts    []string
		average   []string
		leftOut   reasons
	}{
		"all containers with a request count": {
			pods: pods(3, proxy, app), counts: []string{"app", "istio-proxy"}, average: []string{"app", "istio-proxy"},
		},
		"the Pod average is of all containers whichever the selector names": {
			selection: utilization.Only("app"), pods: pods(3, app, proxy), counts: []string{"app"}, average: []string{"app", "istio-proxy"},
		},
		"a container that the selector excludes is not reported as left out": {
			selection: utilization.Except("istio-proxy"), pods: pods(3, app, container("istio-proxy", 0)),
			counts: []string{"app"}, average: []string{"app"},
		},
		"a container without a request is left out": {
			pods: pods(3, app, container("istio-proxy", 0)), counts: []string{"app"}, average: []string{"app"},
			leftOut: reasons{"istio-proxy": utilization.NoRequest},
		},
		"a container without a request is left out though the selector names it": {
			selection: utilization.Only("app", "istio-proxy"), pods: pods(3, app, container("istio-proxy", 0)),
			counts: []string{"app"}, average: []string{"app"}, leftOut: reasons{"istio-proxy": utilization.NoRequest},
		},
		"a request in fewer than half of the Pods is none": {
			pods:   but(0, 2, having(app, proxy), pods(5, app, container("istio-proxy", 0))),
			counts: []string{"app"}, average: []string{"app"}, leftOut: reasons{"istio-proxy": utilization.NoRequest},
		},
		"a request in exactly half of the Pods is one": {
			pods:   but(0, 2, having(app, proxy), pods(4, app, container("istio-proxy", 0))),
			counts: []string{"app", "istio-proxy"}, average: []string{"app", "istio-proxy"},
		},
		"a canary's sidecar does not scale the other nineteen": {
			pods: but(0, 1, having(app, proxy), pods(20, app)), counts: []string{"app"}, average: []string{"app"},
			leftOut: reasons{"istio-proxy": utilization.InTooFewPods},
		},
		"a container that exactly half of the Pods have counts": {
			pods: but(0, 10, having(app, proxy), pods(20, app)), counts: []string{"app", "istio-proxy"}, average: []string{"app", "istio-proxy"},
		},
		"a container that one less than half of the Pods have does not": {
			pods: but(0, 9, having(app, proxy), pods(20, app)), counts: []string{"app"}, average: []string{"app"},
			leftOut: reasons{"istio-proxy": utilization.InTooFewPods},
		},
		"a container that is in too few Pods is left out though the selector names it": {
			selection: utilization.Only("app", "istio-proxy"), pods: but(0, 9, having(app, proxy), pods(20, app)),
			counts: []string{"app"}, average: []string{"app"}, leftOut: reasons{"istio-proxy": utilization.InTooFewPods},
		},
		"a reloader that requests 1m is left out": {
			pods: pods(3, app, container("reloader", 1)), counts: []string{"app"}, average: []string{"app"},
			leftOut: reasons{"reloader": utilization.RequestTooSmall},
		},
		"a request of 49m is too small": {
			pods: pods(3, app, container("log", 49)), counts: []string{"app"}, average: []string{"app"},
			leftOut: reasons{"log": utilization.RequestTooSmall},
		},
		"a request of exactly 50m is not": {
			pods: pods(3, app, container("log", 50)), counts: []string{"app", "log"}, average: []string{"app", "log"},
		},
		"a small request counts where the selector names it, and still not in the Pod average": {
			selection: utilization.Only("reloader"), pods: pods(3, app, container("reloader", 1)),
			counts: []string{"reloader"}, average: []string{"app"},
		},
		"not to exclude a small request is not to name it": {
			selection: utilization.Except("istio-proxy"), pods: pods(3, app, container("reloader", 1)),
			counts: []string{"app"}, average: []string{"app"}, leftOut: reasons{"reloader": utilization.RequestTooSmall},
		},
		"a Pod average of nothing but small requests is of the named ones": {
			selection: utilization.Only("app"), pods: pods(3, container("app", 40), container("log", 10)),
			counts: []string{"app"}, average: []string{"app"},
		},
		"a named container that no Pod has does not count, as in an ambient mesh": {
			selection: utilization.Only("app", "istio-proxy"), pods: pods(3, app), counts: []string{"app"}, average: []string{"app"},
			leftOut: reasons{"istio-proxy": utilization.NotInPods},
		},
		"an excluded container that no Pod has is nothing to report": {
			selection: utilization.Except("istio-proxy"), pods: pods(3, app), counts: []string{"app"}, average: []string{"app"},
		},
		"a native sidecar counts in Pods of the other kind too, during an upgrade of Istio": {
			pods:   but(0, 10, having(proxy, app), pods(20, app, proxy)),
			counts: []string{"app", "istio-proxy"}, average: []string{"app", "istio-proxy"},
		},
		"Pods that do not count have no say": {
			pods: but(0, 3, func(p *utilization.Pod) { p.Ready, p.Containers = false, []utilization.Container{proxy} }, pods(5, app)), counts: []string{"app"}, average: []string{"app"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := shape(t, of(test.selection), test.pods)
			if !slices.Equal(s.Containers(), test.counts) || !slices.Equal(s.AllContainers(), test.average) {
				t.Errorf("counts %v, average of %v; want %v and %v", s.Containers(), s.AllContainers(), test.counts, test.average)
			}
			got := reasons{}
			for _, l := range s.LeftOut {
				got[l.Container] = l.Reason
				if s.Measures(l.Container) || l.Detail == "" {
					t.Errorf("%s is left out and measured, or has no detail", l)
				}
			}
			if len(got)+len(test.leftOut) > 0 && !reflect.DeepEqual(got, test.leftOut) {
				t.Errorf("left out %v, want %v", s.LeftOut, test.leftOut)
			}
			for _, c := range test.counts {
				if !s.Measures(c) {
					t.Errorf("does not measure %s", c)
				}
			}
		})
	}
}

func TestLeftOutContainersAreSortedByNameAndSayTheNumbers(t *testing.T) {
	s := shape(t, of(utilization.Only("app", "b", "zz", "aa", "tiny")),
		but(0, 1, having(container("app", 200), container("b", 0), container("zz", 100)), pods(3, container("app", 200), container("b", 0))))
	var got []string
	for _, l := range s.LeftOut {
		got = append(got, l.String())
	}
	want := []string{
		"aa is in none of 3 Pods (NotInPods)",
		"b has no CPU request; set resources.requests.cpu (for Istio's sidecar the annotation sidecar.istio.io/proxyCPU) (NoRequest)",
		"tiny is in none of 3 Pods (NotInPods)",
		"zz is in 1 of 3 Pods, fewer than half (InTooFewPods)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestOnlyPodsThatRunAreReadyAndAreNotBeingDeletedCount(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*utilization.Pod)
		counts bool
	}{
		"Running and Ready":    {func(*utilization.Pod) {}, true},
		"not Running":          {func(p *utilization.Pod) { p.Running = false }, false},
		"not Ready":            {func(p *utilization.Pod) { p.Ready = false }, false},
		"Ready, being deleted": {func(p *utilization.Pod) { p.Deleting = true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := but(0, 1, test.change, pods(4, container("app", 100)))
			s := shape(t, all, in)
			want := 3
			if test.counts {
				want = 4
			}
			if s.Pods() != want || len(s.AllPods()) != 4 {
				t.Errorf("%d of %d Pods count, want %d of 4", s.Pods(), len(s.AllPods()), want)
			}
		})
	}
}

func TestContainerIsRequiredOnceHalfOfThePodsHaveHadItForLongEnough(t *testing.T) {
	before := noon.Add(-3 * time.Minute)
	started := func(at time.Time) func(*utilization.Pod) { return func(p *utilization.Pod) { p.Started = at } }
	app, proxy := container("app", 100), container("istio-proxy", 100)
	for name, test := range map[string]struct {
		pods []utilization.Pod
		want bool
	}{
		"all Pods are old":                              {pods(4, app, proxy), true},
		"exactly half of them are":                      {but(0, 2, started(noon), pods(4, app, proxy)), true},
		"fewer than half of them are":                   {but(0, 3, started(noon), pods(4, app, proxy)), false},
		"a Pod that started at that very moment is old": {but(0, 4, started(before), pods(4, app, proxy)), true},
		"a Pod that started just after is not":          {but(0, 4, started(before.Add(1)), pods(4, app, proxy)), false},
		"the old Pods do not have it":                   {but(0, 3, having(app), pods(4, app, proxy)), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := shape(t, of(utilization.Only("app")), test.pods)
			if got := s.Required("istio-proxy", before); got != test.want {
				t.Errorf("required: %v, want %v", got, test.want)
			}
		})
	}
}
