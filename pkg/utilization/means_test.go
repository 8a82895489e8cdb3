package utilization_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// usage is a mean of so many millicores over so many Pods, of a bucket that
// ended so long ago.
func usage(millicores int64, pods int, end time.Duration) utilization.Usage {
	span := ago(end)
	return utilization.Usage{Span: &span, Mean: m(millicores), Pods: pods}
}

// anyContainer is required.
func anyContainer(string) bool { return true }

func TestReadingFromMeans(t *testing.T) {
	app, proxy := container("app", 200), container("istio-proxy", 100)
	type usages = map[string]utilization.Usage
	for name, test := range map[string]struct {
		selection utilization.Containers
		pods      []utilization.Pod
		usages    usages
		max       utilization.Percent
		hottest   string
		average   utilization.Percent // below 0: not known
		end       time.Duration       // of the span, before noon
		measured  int
	}{
		"the maximum is the hottest container's, not the Pod's": {
			pods: pods(4, app, proxy), usages: usages{"app": usage(20, 4, 0), "istio-proxy": usage(90, 4, 0)},
			max: 90, hottest: "istio-proxy", average: 110. / 3, measured: 4,
		},
		"of equals the first by name is the hottest": {
			pods: pods(4, app, proxy), usages: usages{"app": usage(100, 4, 0), "istio-proxy": usage(50, 4, 0)},
			max: 50, hottest: "app", average: 50, measured: 4,
		},
		"an idle workload is 0, which is a number": {
			pods: pods(4, app), usages: usages{"app": usage(0, 4, 0)}, max: 0, hottest: "app", average: 0, measured: 4,
		},
		"a canary with a larger request changes the mean request": {
			pods:   but(0, 1, having(container("app", 600)), pods(4, app)),
			usages: usages{"app": usage(150, 4, 0)}, max: 50, hottest: "app", average: 50, measured: 4,
		},
		"a container in half of the Pods weighs half in the average": {
			pods:   but(0, 2, having(app, proxy), pods(4, app)),
			usages: usages{"app": usage(100, 4, 0), "istio-proxy": usage(100, 2, 0)},
			max:    100, hottest: "istio-proxy", average: 60, measured: 2,
		},
		"the average is of all containers whichever the selector names": {
			selection: utilization.Only("app"), pods: pods(4, app, proxy),
			usages: usages{"app": usage(20, 4, 0), "istio-proxy": usage(90, 4, 0)}, max: 10, hottest: "app", average: 110. / 3, measured: 4,
		},
		"without one container the average is not known, and the maximum of the others is": {
			selection: utilization.Only("app"), pods: pods(4, app, proxy),
			usages: usages{"app": usage(20, 4, 0)}, max: 10, hottest: "app", average: -1, measured: 4,
		},
		"the oldest sample dates it, though it is not the hottest": {
			pods: pods(4, app, proxy), usages: usages{"app": usage(20, 4, time.Minute), "istio-proxy": usage(90, 3, 0)},
			max: 90, hottest: "istio-proxy", average: -1, end: time.Minute, measured: 3,
		},
		"a later name may hold the oldest sample": {
			pods: pods(4, app, proxy), usages: usages{"app": usage(20, 3, 0), "istio-proxy": usage(10, 4, time.Minute)},
			max: 10, hottest: "app", average: -1, end: time.Minute, measured: 3,
		},
		"a late container that nobody asked for does not make the maximum older": {
			selection: utilization.Only("app"), pods: pods(4, app, proxy),
			usages: usages{"app": usage(20, 4, 0), "istio-proxy": usage(90, 4, time.Minute)}, max: 10, hottest: "app", average: -1, measured: 4,
		},
		"a small container that is asked for by its name is of the same time too": {
			selection: utilization.Only("app", "tiny"), pods: pods(4, app, container("tiny", 10)),
			usages: usages{"app": usage(40, 4, time.Minute), "tiny": usage(1, 4, 0)}, max: 20, hottest: "app", average: -1, end: time.Minute, measured: 4,
		},
		"an average of different times is none, though all that was asked for is of one": {
			selection: utilization.Except("log"), pods: pods(4, app, proxy, container("log", 50)),
			usages: usages{"app": usage(20, 4, 0), "istio-proxy": usage(90, 4, 0), "log": usage(5, 4, 30*time.Second)},
			max:    90, hottest: "istio-proxy", average: -1, measured: 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := shape(t, of(test.selection), test.pods).FromMeans(test.usages, anyContainer)
			if err != nil {
				t.Fatal(err)
			}
			if !near(r.Max, test.max) || r.Hottest != test.hottest || r.Span != ago(test.end) ||
				r.Pods != len(test.pods) || r.Measured != test.measured {
				t.Errorf("got %+v", r)
			}
			if known := test.average >= 0; r.AverageKnown != known || known && !near(r.Average, test.average) {
				t.Errorf("average %v known %v, want %v", r.Average, r.AverageKnown, test.average)
			}
		})
	}
}

func TestHottestContainerHasItsOwnNumberOfPods(t *testing.T) {
	app, proxy := container("app", 200), container("istio-proxy", 100)
	in := but(0, 2, having(app, proxy), pods(4, app))
	for name, test := range map[string]struct {
		proxy int64
		want  int
	}{
		"the one in all Pods":  {proxy: 10, want: 4},
		"the one in half them": {proxy: 90, want: 2},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := shape(t, all, in).FromMeans(map[string]utilization.Usage{"app": usage(100, 4, 0), "istio-proxy": usage(test.proxy, 2, 0)}, anyContainer)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.HottestPods(); got != test.want {
				t.Errorf("%s is of %d Pods, want %d", r.Hottest, got, test.want)
			}
		})
	}
}

func TestReadingListsEachContainerAndAllMeanRequests(t *testing.T) {
	in := but(0, 1, having(container("app", 600), container("istio-proxy", 100)), pods(4, container("app", 200), container("istio-proxy", 100)))
	r, err := shape(t, of(utilization.Only("app")), in).FromMeans(map[string]utilization.Usage{"app": usage(150, 4, 0)}, anyContainer)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Containers, []utilization.ContainerReading{{Name: "app", Utilization: 50, Pods: 4}}) {
		t.Errorf("containers %v", r.Containers)
	}
	if len(r.Requests) != 2 || r.Requests["app"] != m(300) || r.Requests["istio-proxy"] != m(100) {
		t.Errorf("mean requests %v", r.Requests)
	}
}

func TestMaximumIsTakenOverAllContainersOrNotAtAll(t *testing.T) {
	before := noon.Add(-3 * time.Minute)
	young := func(p *utilization.Pod) { p.Started = noon.Add(-time.Minute) }
	containers := []utilization.Container{container("app", 200), container("istio-proxy", 100), container("log", 50)}
	for name, test := range map[string]struct {
		selection utilization.Containers
		young     int
		known     string // and so required at any age
		usages    []string
		missing   []string // nil: there is a reading
		leftOut   []string
	}{
		"one that is silent may be the hot one":               {usages: []string{"app", "log"}, missing: []string{"istio-proxy"}},
		"all silent ones are named":                           {usages: []string{"istio-proxy"}, missing: []string{"app", "log"}},
		"a source without anything is missing everything":     {missing: []string{"app", "istio-proxy", "log"}},
		"what nobody asked for may be silent":                 {selection: utilization.Only("app"), usages: []string{"app"}},
		"young containers may be silent, and are reported so": {young: 3, usages: []string{"istio-proxy"}, leftOut: []string{"app", "log"}},
		"containers of which half are old may not":            {young: 2, usages: []string{"app"}, missing: []string{"istio-proxy", "log"}},
		"a young one that is known may not either":            {young: 4, known: "log", usages: []string{"istio-proxy"}, missing: []string{"log"}},
		"young containers alone are no maximum":               {young: 4, missing: []string{"app", "istio-proxy", "log"}},
	} {
		t.Run(name, func(t *testing.T) {
			usages := map[string]utilization.Usage{}
			for _, c := range test.usages {
				usages[c] = usage(50, 4, 0)
			}
			s := shape(t, of(test.selection), but(0, test.young, young, pods(4, containers...)))
			r, err := s.FromMeans(usages, func(container string) bool {
				return container == test.known || s.Required(container, before)
			})
			if test.missing != nil {
				var e *utilization.IncompleteError
				if !errors.As(err, &e) || !slices.Equal(e.Missing, test.missing) {
					t.Fatalf("got %v, want missing %v", err, test.missing)
				}
				contains(t, e.Error(), "container "+test.missing[0], "could hide the hottest", "kubectl top pods --containers", "container notin (NAME)")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var leftOut []string
			for _, l := range r.LeftOut {
				leftOut = append(leftOut, l.Container)
				if l.Reason != utilization.NotYetReported {
					t.Errorf("left out: %s", l)
				}
			}
			if !slices.Equal(leftOut, test.leftOut) {
				t.Errorf("left out %v, want %v", leftOut, test.leftOut)
			}
		})
	}
}

func TestReadingLeavesTheShapeAlone(t *testing.T) {
	in := but(0, 4, func(p *utilization.Pod) { p.Started = noon },
		pods(4, container("app", 100), container("b", 100), container("x", 0), container("y", 0), container("z", 0)))
	s := shape(t, all, in)
	leaves := func(out []utilization.LeftOut) (names []string) {
		for _, l := range out {
			names = append(names, l.Container)
		}
		return names
	}
	r, err := s.FromMeans(map[string]utilization.Usage{"app": usage(1, 4, 0)}, func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	if got := leaves(r.LeftOut); !slices.Equal(got, []string{"b", "x", "y", "z"}) {
		t.Errorf("the reading leaves out %v", got)
	}
	if got := leaves(s.LeftOut); !slices.Equal(got, []string{"x", "y", "z"}) {
		t.Errorf("the shape leaves out %v", got)
	}
}
