package collector_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestWhereOneFailureIsEnoughMetricsServerIsAlwaysReadEachInterval(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.metricsServer.read()
		s.pass(10 * time.Minute)
		if n := len(s.metricsServer.read()); n < 38 || n > 40 {
			t.Errorf("metrics-server was read %d times in ten minutes, want 40", n)
		}
	}, func(o *collector.Options) { o.Policy.FailureThreshold = 1 })
}

func TestMetricsServerIsExercisedOnceAMinuteOrOnceAnIntervalWhereThatIsLonger(t *testing.T) {
	for name, tc := range map[string]struct {
		interval time.Duration
		reads    int
	}{
		"the default":         {15 * time.Second, 60},
		"a short interval":    {5 * time.Second, 180},
		"half a minute":       {30 * time.Second, 60},
		"more than a minute":  {2 * time.Minute, 30},
		"exactly one minute":  {time.Minute, 60},
		"much more than that": {5 * time.Minute, 12},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.start()
				s.pass(time.Minute)
				s.metricsServer.read()
				s.pass(time.Hour)
				// Each round may begin a breath late.
				if n := len(s.metricsServer.read()); n < tc.reads*9/10 || n > tc.reads {
					t.Errorf("metrics-server was read %d times in an hour, want %d", n, tc.reads)
				}
			}, func(o *collector.Options) { o.FallbackInterval = tc.interval })
		})
	}
}

func TestAMetricsServerThatHangsIsWaitedForAtMostFifteenSecondsHoweverLongItsInterval(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.metricsServer.delay = time.Hour
		began := clock()
		s.tick()
		if took := clock().Sub(began); took > 16*time.Second {
			t.Errorf("the Tick took %s", took)
		}
		s.expect(item, "90 istio-proxy datadog")
	}, func(o *collector.Options) { o.FallbackInterval = 5 * time.Minute })
}

func TestASilentContainerIsToldOfThoughNoSourceAnswersAndIsNoChangeOfSource(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.datadog.silent = map[string]bool{"istio-proxy": true}
		s.metricsServer.err = errDown
		s.start()
		s.pass(5 * time.Minute)
		contains(t, s.unavailable(item), "container istio-proxy has never been reported", errDown.Error())
		if len(s.world.events) != 1 || !strings.HasPrefix(s.world.events[0], "item ContainerSilent: ") {
			t.Errorf("the Events are %q", s.world.events)
		}
		if n, err := testutil.GatherAndCount(s.registry, "crest_source_transitions_total"); n != 0 || err != nil {
			t.Errorf("%d changes of source are counted, and the error is %v", n, err)
		}
	})
}

func TestTheSourceOfAWorkloadWithoutPodsIsNoneThoughItsSamplesAreFresh(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.world.changed(func() { s.world.pods[item.Workload] = []utilization.Pod{} })
		s.pass(time.Second)
		err := testutil.GatherAndCompare(s.registry, strings.NewReader(`
# HELP crest_selection_source 1 for the source that answers for a selection now: datadog, metrics-server or none.
# TYPE crest_selection_source gauge
crest_selection_source{containers="",kind="deployment",name="item",namespace="shop",source="none"} 1
`), "crest_selection_source")
		if err != nil {
			t.Error(err)
		}
	})
}

func TestMetricsServerIsExercisedOnceAMinuteAndReadEachIntervalWhenNeeded(t *testing.T) {
	cases := map[string]struct {
		change func(*scene)
		reads  int
	}{
		"while Datadog is healthy":             {func(*scene) {}, 10},
		"after a first failure":                {func(s *scene) { s.datadog.err = errRefused }, 40},
		"while somebody wants its Pod average": {func(s *scene) { s.world.wants[0].PodAverage = true }, 40},
		"while a tenth of the Pods are not settled": {func(s *scene) {
			s.world.pods[item.Workload][0].Ready, s.world.pods[item.Workload][1].Ready = false, false
		}, 40},
		"while there are no Pods that it could measure": {func(s *scene) { s.world.pods[item.Workload] = []utilization.Pod{} }, 10},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.start()
				s.pass(time.Minute)
				s.world.do(func() { c.change(s) })
				s.pass(time.Minute)
				s.metricsServer.read()
				s.pass(10 * time.Minute)
				// Each round may begin a breath late.
				if n := len(s.metricsServer.read()); n < c.reads-2 || n > c.reads {
					t.Errorf("metrics-server was read %d times in ten minutes, want %d", n, c.reads)
				}
			})
		})
	}
}
