package collector_test

import (
	"slices"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestARememberedBalanceIsNotEnoughToShrinkWhenAContainerGetsHotInAnOutage(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.target(70)
		s.world.busy[item.Workload] = map[string]int64{"app": 38, "istio-proxy": 40}
		s.start()
		s.pass(proven)
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(time.Minute)
		s.expect(item, "39 metrics-server")
		s.world.do(func() { s.world.busy[item.Workload] = map[string]int64{"app": 10, "istio-proxy": 90} })
		s.pass(30 * time.Second)
		s.expect(item, "70 metrics-server held FallbackScaleDown measured 50")
	})
}

func TestInARolloutTheAnswerIsMetricsServersMaximumOverTheReadyPods(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.target(70)
		s.start()
		s.pass(proven)
		s.world.do(func() {
			pods := ready("item", 10, clockless.Add(-time.Hour))
			for i := range 3 {
				pods[i].Ready, pods[i].ReadySince = false, time.Time{}
			}
			s.world.pods[item.Workload] = pods
			s.world.mean = 7
			s.world.busy[item.Workload] = map[string]int64{"app": 20, "istio-proxy": 120}
		})
		s.pass(31 * time.Second)
		s.expect(item, "120 istio-proxy metrics-server")
		s.metricsServer.do(func() { s.metricsServer.err = errDown })
		s.world.do(func() { s.world.busy[item.Workload] = map[string]int64{"app": 20, "istio-proxy": 30} })
		s.pass(2 * time.Minute)
		s.expect(item, "70 istio-proxy datadog rebased held Unsettled measured 30")
	})
}

func TestDatadogsDataReachBackByALookOfItsAgents(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		span := s.answer(item).Span
		s.world.do(func() {
			covers := utilization.Span{Begin: span.Begin.Add(-20 * time.Second), End: span.End}
			if !slices.Contains(s.world.spans, covers) {
				t.Errorf("the Ready Pods were counted over %v, want %v", s.world.spans, covers)
			}
			// A tenth more became Ready after the look that the bucket's first points tell of.
			s.world.pods[item.Workload] = append(s.world.pods[item.Workload],
				ready("new", 2, span.Begin.Add(-10*time.Second))...)
		})
		s.expect(item, "90 istio-proxy metrics-server")
	})
}

func TestAnAnswerIsRelatedToThePodsThatAreReadyNow(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.target(70)
		s.world.mean = 9.5
		s.start()
		s.pass(proven)
		s.expect(item, "85.5 istio-proxy datadog rebased measured 90")
	})
}

func TestAMeanOfManyPodsThatDidNotServeIsReplacedByMetricsServersMaximum(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.target(70)
		s.start()
		s.pass(proven)
		s.world.do(func() { s.world.mean = 8 })
		s.pass(time.Minute)
		s.expect(item, "72 istio-proxy metrics-server rebased measured 90")
		s.metricsServer.read()
		s.pass(time.Minute)
		if reads := s.metricsServer.read(); len(reads) != 4 {
			t.Errorf("metrics-server was read %d times in a minute in which it is the measurement", len(reads))
		}
	})
}

func TestAMeanIsComparedWithThePodsOfTheContainerThatTheValueIsOf(t *testing.T) {
	cases := map[string]struct {
		busy map[string]int64
		want string
	}{
		"the hottest one is in all Pods that serve":       {map[string]int64{"app": 90, "istio-proxy": 20}, "90 app datadog"},
		"the hottest one is in some that do not, and few": {map[string]int64{"app": 20, "istio-proxy": 90}, "90 istio-proxy metrics-server"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.world.target(70)
				s.world.busy[item.Workload] = c.busy
				// Ten Pods report app, and twelve istio-proxy.
				s.datadog.more = map[string]int{"istio-proxy": 2}
				s.start()
				s.pass(proven)
				s.expect(item, c.want)
			})
		})
	}
}

func TestAFallbackThatMayNeverShrinkAWorkloadDoesNotInARolloutEither(t *testing.T) {
	cases := map[fallback.ScaleDown]string{
		fallback.Auto:   "60 istio-proxy metrics-server",
		fallback.Always: "60 istio-proxy metrics-server",
		fallback.Never:  "70 istio-proxy metrics-server held FallbackScaleDown measured 60",
	}
	for scaleDown, want := range cases {
		t.Run(string(scaleDown), func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.world.target(70)
				s.world.busy[item.Workload] = map[string]int64{"app": 8, "istio-proxy": 60}
				s.start()
				s.pass(proven)
				s.world.do(func() { s.world.pods[item.Workload][0].Ready, s.world.pods[item.Workload][1].Ready = false, false })
				s.world.do(func() { s.world.mean, s.world.replicas = 8, 8 })
				s.pass(time.Minute)
				s.expect(item, want)
			}, func(o *collector.Options) { o.Policy.ScaleDown = scaleDown })
		})
	}
}
