package collector_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// requests changes the CPU request of a container in all Pods of item.
func (s *scene) requests(container string, request utilization.Nanocores) {
	s.world.changed(func() {
		pods := ready("item", 10, clockless.Add(-time.Hour))
		for i := range pods {
			for k := range pods[i].Containers {
				if c := &pods[i].Containers[k]; c.Name == container {
					c.Request = request
				}
			}
		}
		s.world.pods[item.Workload] = pods
	})
	s.pass(time.Second)
}

func (s *scene) toldOf(reason string) (events int) {
	s.world.do(func() {
		for _, event := range s.world.events {
			if strings.Contains(event, " "+reason+": ") {
				events++
			}
		}
	})
	return events
}

func TestAContainerThatIsNoLongerMeasuredIsToldOfOnceThoughTheAnswerGoesOn(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.pass(time.Minute)
		if n := s.toldOf("NoRequest"); n != 0 {
			t.Errorf("%d Events tell of a container that is measured", n)
		}
		s.requests("istio-proxy", 0)
		s.pass(5 * time.Minute)
		if n := s.toldOf("NoRequest"); n != 1 {
			t.Errorf("%d Events, want 1: %q", n, s.world.events)
		}
		contains(t, strings.Join(s.world.events, "\n"),
			`item NoRequest: deployment "item" in namespace "shop": not measured, and so not in the answer: istio-proxy has no CPU request`,
			"sidecar.istio.io/proxyCPU")
		if n := s.logged.containing(`"reason"="NoRequest"`); n != 1 {
			t.Errorf("%d log lines, want 1", n)
		}

		s.requests("istio-proxy", core)
		s.requests("istio-proxy", 0)
		if n := s.toldOf("NoRequest"); n != 2 {
			t.Errorf("%d Events when it happened twice: %q", n, s.world.events)
		}
		s.requests("istio-proxy", utilization.FromMillicores(1))
		if n := s.toldOf("RequestTooSmall"); n != 1 {
			t.Errorf("%d Events tell of another reason: %q", n, s.world.events)
		}
	})
}

func TestPodsThatAreGoneForAWhileDoNotMakeItTellAgain(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.requests("istio-proxy", 0)
		pods := s.world.pods[item.Workload]
		s.world.changed(func() { s.world.pods[item.Workload] = nil })
		s.pass(time.Minute)
		s.world.changed(func() { s.world.pods[item.Workload] = pods })
		s.pass(time.Minute)
		if n := s.toldOf("NoRequest"); n != 1 {
			t.Errorf("%d Events, want 1: %q", n, s.world.events)
		}
	})
}

func TestOneLogLineTellsOfAllSelectionsThatLoseAContainerAlike(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.want(selection("cart"))
		for w, pods := range s.world.pods {
			for i := range pods {
				pods[i].Containers[1].Request = 0
			}
			s.world.pods[w] = pods
		}
		s.start()
		s.pass(time.Minute)
		if n := s.logged.containing(`"reason"="NoRequest" "selections"=2`); n != 1 || s.toldOf("NoRequest") != 2 {
			t.Errorf("%d log lines and the Events %q, want one line and an Event for each", n, s.world.events)
		}
	})
}

func TestTheMetricTellsOfContainersThatAreNotMeasuredThoughNoSourceAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		without []int
		want    string
	}{
		"one of two": {[]int{1}, ""},
		"all": {[]int{0, 1}, `crest_container_left_out{container="app",containers="",kind="deployment",name="item",namespace="shop",reason="NoRequest"} 1
`},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				pods := s.world.pods[item.Workload]
				for i := range pods {
					for _, k := range tc.without {
						pods[i].Containers[k].Request = 0
					}
				}
				s.datadog.err, s.metricsServer.err = errRefused, errDown
				s.start()
				err := testutil.GatherAndCompare(s.registry, strings.NewReader(`
# HELP crest_container_left_out 1 for each selected container that is not measured, by the reason: NoRequest, InTooFewPods, RequestTooSmall, NotInPods or NotYetReported.
# TYPE crest_container_left_out gauge
`+tc.want+`crest_container_left_out{container="istio-proxy",containers="",kind="deployment",name="item",namespace="shop",reason="NoRequest"} 1
`), "crest_container_left_out")
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
}
