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
