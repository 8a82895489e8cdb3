package utilization_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// maxAge is how old a Pod's metrics may be.
const maxAge = 90 * time.Second

type metrics = map[string]utilization.PodUsage

// measured are the metrics of the Pods: of each container so many millicores,
// in a half minute that ended just now.
func measured(pods []utilization.Pod, millicores map[string]int64) metrics {
	out := metrics{}
	for i := range pods {
		usage := map[string]utilization.Nanocores{}
		for _, c := range pods[i].Containers {
			usage[c.Name] = m(millicores[c.Name])
		}
		out[pods[i].Name] = utilization.PodUsage{Span: ago(0), Pod: pods[i].Name, Containers: usage}
	}
	return out
}

// to changes the metrics of one Pod.
func (c change) to(pod string, in metrics) metrics {
	u := in[pod]
	c(&u)
	in[pod] = u
	return in
}

type change func(*utilization.PodUsage)

func uses(container string, millicores int64) change {
	return func(u *utilization.PodUsage) { u.Containers[container] = m(millicores) }
}

func TestReadingFromPods(t *testing.T) {
	app, proxy := container("app", 200), container("istio-proxy", 100)
	both := map[string]int64{"app": 20, "istio-proxy": 90}
	resized := but(0, 1, having(container("app", 1000)), pods(2, app))
	mixed := but(0, 2, having(app, proxy), pods(4, app))
	for name, test := range map[string]struct {
		selection    utilization.Containers
		pods         []utilization.Pod
		metrics      metrics
		max, average utilization.Percent
		hottest      string
		end          time.Duration
		measured     int
	}{
		"the maximum is the hottest container's, the average the Pod's": {
			pods: pods(4, app, proxy), metrics: measured(pods(4, app, proxy), both), max: 90, hottest: "istio-proxy", average: 110. / 3, measured: 4,
		},
		"the average is of all containers whichever the selector names": {
			selection: utilization.Only("app"), pods: pods(4, app, proxy), metrics: measured(pods(4, app, proxy), both),
			max: 10, hottest: "app", average: 110. / 3, measured: 4,
		},
		"during an in-place resize usage and requests are added up, and ratios are not averaged": {
			// 900m of 1000m and 20m of 200m: the mean of 90 % and 10 % were 50 %.
			pods: resized, metrics: uses("app", 900).to("item-00", measured(resized, both)), max: 920. / 12, hottest: "app", average: 920. / 12, measured: 2,
		},
		"a container in half of the Pods is measured over that half": {
			pods: mixed, metrics: measured(mixed, both), max: 90, hottest: "istio-proxy", average: 26, measured: 4,
		},
		"exactly half of the Pods stand for all": {
			pods: pods(4, app), metrics: measured(pods(2, app), both), max: 10, hottest: "app", average: 10, measured: 2,
		},
		"Pods that do not count are not measured": {
			pods:    but(0, 1, func(p *utilization.Pod) { p.Ready = false }, pods(3, app)),
			metrics: uses("app", 2000).to("item-00", measured(pods(3, app), both)), max: 10, hottest: "app", average: 10, measured: 2,
		},
		"the oldest Pod's metrics date it": {
			pods: pods(4, app), metrics: change(func(u *utilization.PodUsage) { u.Span = ago(40 * time.Second) }).to("item-02", measured(pods(4, app), both)),
			max: 10, hottest: "app", average: 10, end: 40 * time.Second, measured: 4,
		},
		"the oldest metrics date the average too, though of a container that nobody asked for": {
			selection: utilization.Only("istio-proxy"), pods: mixed,
			metrics: change(func(u *utilization.PodUsage) { u.Span = ago(40 * time.Second) }).to("item-03", measured(mixed, both)),
			max:     90, hottest: "istio-proxy", average: 26, end: 40 * time.Second, measured: 4,
		},
		"a usage of a container without a request is not added up": {
			pods:    but(0, 1, having(container("app", 0)), pods(4, app)),
			metrics: uses("app", 5000).to("item-00", measured(pods(4, app), both)), max: 10, hottest: "app", average: 10, measured: 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := shape(t, of(test.selection), test.pods).FromPods(test.metrics, maxAge, noon)
			if err != nil {
				t.Fatal(err)
			}
			if !near(r.Max, test.max) || r.Hottest != test.hottest || !r.AverageKnown || !near(r.Average, test.average) ||
				r.Span != ago(test.end) || r.Measured != test.measured {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestPodsWithoutUsableMetricsAreCountedByWhatIsWrong(t *testing.T) {
	in := pods(2, container("app", 200), container("istio-proxy", 100))
	spanning := func(begin, end time.Time) change {
		return func(u *utilization.PodUsage) { u.Span = utilization.Span{Begin: begin, End: end} }
	}
	for name, test := range map[string]struct {
		change change // of both Pods; nil: without metrics
		want   utilization.FewPodsError
	}{
		"absent":                            {nil, utilization.FewPodsError{Absent: 2}},
		"exactly as old as allowed":         {spanning(noon.Add(-2*maxAge), noon.Add(-maxAge)), utilization.FewPodsError{}},
		"a moment older is stale":           {spanning(noon.Add(-2*maxAge), noon.Add(-maxAge-1)), utilization.FewPodsError{Stale: 2}},
		"thirty seconds ahead is a clock":   {spanning(noon, noon.Add(30*time.Second)), utilization.FewPodsError{}},
		"a moment further is the future":    {spanning(noon, noon.Add(30*time.Second+1)), utilization.FewPodsError{Future: 2}},
		"begun when the Pod became Ready":   {spanning(in[0].ReadySince, noon), utilization.FewPodsError{}},
		"begun a moment before it is young": {spanning(in[0].ReadySince.Add(-1), noon), utilization.FewPodsError{Young: 2}},
		"without one of the containers": {
			func(u *utilization.PodUsage) { delete(u.Containers, "app") }, utilization.FewPodsError{Partial: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			given := metrics{}
			if test.change != nil {
				given = test.change.to("item-00", test.change.to("item-01", measured(in, nil)))
			}
			_, err := shape(t, all, in).FromPods(given, maxAge, noon)
			if test.want == (utilization.FewPodsError{}) {
				if err != nil {
					t.Errorf("got %v, want a reading", err)
				}
				return
			}
			test.want.Pods = 2
			var e *utilization.FewPodsError
			if !errors.As(err, &e) || *e != test.want {
				t.Fatalf("got %v, want %v", err, &test.want)
			}
			contains(t, e.Error(), "0 of 2 Ready Pods have usable metrics")
		})
	}
}

func TestTooFewUsablePodsComeWithWhatToDoAboutMostOfThem(t *testing.T) {
	for name, test := range map[string]struct {
		err  utilization.FewPodsError
		says string
	}{
		"most are absent":            {utilization.FewPodsError{Absent: 3, Young: 2}, "in metrics-server's log which kubelets it cannot read"},
		"most are stale":             {utilization.FewPodsError{Stale: 3, Absent: 2}, "in metrics-server's log which kubelets it cannot read"},
		"most are from the future":   {utilization.FewPodsError{Future: 3, Stale: 2}, "compare the clocks"},
		"most lack a container":      {utilization.FewPodsError{Partial: 3, Future: 2}, "look at why it restarts"},
		"most became Ready just now": {utilization.FewPodsError{Young: 3, Partial: 2}, "wait for metrics-server's next measurement"},
	} {
		t.Run(name, func(t *testing.T) { contains(t, test.err.Error(), test.says) })
	}
}

func TestFewerThanHalfOfThePodsCannotStandForAll(t *testing.T) {
	in := pods(5, container("app", 200))
	_, err := shape(t, all, in).FromPods(measured(in[:2], nil), maxAge, noon)
	var e *utilization.FewPodsError
	if !errors.As(err, &e) || *e != (utilization.FewPodsError{Pods: 5, Usable: 2, Absent: 3}) {
		t.Errorf("got %v", err)
	}
}

func TestHalfOfThePodsCannotStandForAContainerThatTheyDoNotHave(t *testing.T) {
	in := but(0, 2, having(container("app", 200), container("istio-proxy", 100)), pods(4, container("app", 200)))
	for name, selection := range map[string]utilization.Containers{
		"that is asked for":                {},
		"that only the average depends on": utilization.Only("app"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := shape(t, of(selection), in).FromPods(measured(in[2:], nil), maxAge, noon)
			var e *utilization.IncompleteError
			if !errors.As(err, &e) || !slices.Equal(e.Missing, []string{"istio-proxy"}) {
				t.Errorf("got %v, want missing istio-proxy", err)
			}
		})
	}
}
