package collector_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestReadersNeverWaitForATick(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.pass(59 * time.Second)
		s.datadog.do(func() { s.datadog.delay = 10 * time.Second })
		s.metricsServer.do(func() { s.metricsServer.delay = 14 * time.Second })
		began := clock()
		s.watch(30*time.Second, func(passed time.Duration) {
			s.expect(item, "90 istio-proxy datadog")
			if err := s.Turning(clock()); err != nil || !s.Collected() {
				t.Errorf("the loop is said to be stuck: %v", err)
			}
			if took := clock().Sub(began) - passed; took != 0 {
				t.Fatalf("a reader has waited for %s", took)
			}
		})
	})
}

func TestATickThatHangsHoldsUpNoReader(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.tick()
		s.metricsServer.do(func() { s.metricsServer.delay = time.Hour })
		s.pass(time.Minute)
		ended := make(chan struct{})
		go func() { defer close(ended); s.tick() }()
		synctest.Wait()
		s.expect(item, "90 istio-proxy datadog")
		select {
		case <-ended:
			t.Error("the Tick did not hang")
		default:
		}
		<-ended
	})
}

func TestTheLoopBreathesBetweenTwoTicks(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		taken := map[time.Time]bool{}
		for range 1000 {
			select {
			case s.world.changes <- struct{}{}:
			default:
			}
			s.pass(10 * time.Millisecond)
			taken[s.Snapshot().Taken()] = true
		}
		if n := len(taken); n < 15 || n > 21 {
			t.Errorf("in ten seconds full of changes the loop turned %d times, want twice a second", n)
		}
	})
}

func TestALoopThatStandsStillIsToldFromOneThatWaits(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		if err := s.Turning(clock()); err == nil {
			t.Error("a loop that has never turned is said to turn")
		} else {
			contains(t, err.Error(), "no collection has finished yet")
		}
		if taken := s.Snapshot().Taken(); !taken.IsZero() {
			t.Errorf("no snapshot was taken at %s", taken)
		}
		s.tick()
		s.pass(80 * time.Second)
		if err := s.Turning(clock()); err != nil {
			t.Errorf("after 80 s: %v", err)
		}
		s.pass(time.Second)
		err := s.Snapshot().Stale(clock())
		if err == nil {
			t.Fatal("after 81 s the loop is still said to turn")
		}
		contains(t, err.Error(), "the last collection finished 1m21s ago, at 2000-01-01T00:00:00Z, and should be at most 1m20s old: the collecting loop is stuck")
	})
}

func TestASampleThatExpiresBetweenTwoTicksIsNotServed(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.pass(15 * time.Second)
		next := s.tick()
		if want := clock().Add(15 * time.Second); !next.Equal(want) {
			t.Errorf("the next Tick is due at %s, want %s", next, want)
		}
		s.pass(75 * time.Second)
		s.expect(item, "90 istio-proxy datadog")
		s.pass(90*time.Second + time.Nanosecond) // 180 s after the end of the bucket, and 165 s after the Pod metrics
		contains(t, s.unavailable(item), "datadog: its calls succeed, but its newest data are 3m0s old, of 2000-01-01T00:00:00Z, "+
			"and not believed since 2000-01-01T00:03:00Z, when they were 3m0s old; see in Datadog whether",
			"metrics-server: its calls succeed, but its newest data are 2m45s old, of 2000-01-01T00:00:15Z, "+
				"and not believed since 2000-01-01T00:01:45Z, when they were 1m30s old; see kubectl top pods --namespace shop")
	})
}

func TestATickIsDueWhenASampleExpires(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.pass(15 * time.Second)
		s.tick()
		s.datadog.do(func() { s.datadog.notBefore = clockless.Add(time.Hour) })
		s.pass(155 * time.Second)
		if next, want := s.tick(), clockless.Add(3*time.Minute+time.Nanosecond); !next.Equal(want) {
			t.Errorf("the next Tick is due at %s, want %s", next, want)
		}
	})
}

func TestALogLineTellsOfAllThatChangedAlikeAndAnEventOfEach(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		for _, name := range []string{"b", "c", "d"} {
			s.world.want(selection(name))
		}
		s.start()
		s.pass(time.Minute)
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(10 * time.Minute)
		if n := s.logged.containing(string(fallback.DatadogFailing)); n != 1 {
			t.Errorf("%d lines tell of the outage: %q", n, s.logged.text)
		}
		if s.logged.containing(`"selections"=4`) != 2 || len(s.logged.text) != 2 {
			t.Errorf("the log is %q", s.logged.text)
		}
		failing := 0
		for _, event := range s.world.events {
			if strings.Contains(event, string(fallback.DatadogFailing)) {
				failing++
				contains(t, event, "the source is now metrics-server; datadog: "+errRefused.Error())
			}
		}
		if failing != 4 {
			t.Errorf("%d Events tell of the outage: %q", failing, s.world.events)
		}
	})
}

func TestTheMetricsTellOfCollectionsSourcesAgesAndSkew(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		gone := selection("gone", "app")
		s.world.want(gone)
		delete(s.world.pods, gone.Workload)
		s.start()
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(59 * time.Second)
		err := testutil.GatherAndCompare(s.registry, strings.NewReader(`
# HELP crest_collections_total Collections by source (datadog: one a batch of workloads; metrics-server: one a namespace) and outcome (good, failed).
# TYPE crest_collections_total counter
crest_collections_total{outcome="failed",source="datadog"} 2
crest_collections_total{outcome="good",source="datadog"} 1
crest_collections_total{outcome="good",source="metrics-server"} 3
# HELP crest_sample_age_seconds Age of the newest good sample of a selection, by source.
# TYPE crest_sample_age_seconds gauge
crest_sample_age_seconds{containers="",kind="deployment",name="item",namespace="shop",source="datadog"} 89
crest_sample_age_seconds{containers="",kind="deployment",name="item",namespace="shop",source="metrics-server"} 14
# HELP crest_selection_source 1 for the source that answers for a selection now: datadog, metrics-server or none.
# TYPE crest_selection_source gauge
crest_selection_source{containers="",kind="deployment",name="item",namespace="shop",source="metrics-server"} 1
crest_selection_source{containers="container=app",kind="deployment",name="gone",namespace="shop",source="none"} 1
# HELP crest_skew_ratio Remembered skew of a selection: the median of maximum / Pod average over the last 15 minutes of Datadog samples. It says how wrong a Pod average will be as the fallback.
# TYPE crest_skew_ratio gauge
crest_skew_ratio{containers="",kind="deployment",name="item",namespace="shop"} 1.6363636363636365
# HELP crest_source_transitions_total Changes of the source that answers for a selection, by the source before, the source after, and the reason.
# TYPE crest_source_transitions_total counter
crest_source_transitions_total{from="datadog",reason="DatadogFailing",to="metrics-server"} 1
crest_source_transitions_total{from="none",reason="DatadogGood",to="datadog"} 1
`), "crest_collections_total", "crest_sample_age_seconds", "crest_selection_source", "crest_skew_ratio", "crest_source_transitions_total")
		if err != nil {
			t.Error(err)
		}
		s.datadog.asked()
	})
}

func TestTheMetricsTellOfSelectedContainersThatAreNotMeasured(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		pods := s.world.pods[item.Workload]
		for i := range pods {
			pods[i].Containers = append(pods[i].Containers, utilization.Container{Name: "logger"})
		}
		s.start()
		s.expect(item, "90 istio-proxy datadog")
		err := testutil.GatherAndCompare(s.registry, strings.NewReader(`
# HELP crest_container_left_out 1 for each selected container that is not measured, by the reason: NoRequest, InTooFewPods, RequestTooSmall, NotInPods or NotYetReported.
# TYPE crest_container_left_out gauge
crest_container_left_out{container="logger",containers="",kind="deployment",name="item",namespace="shop",reason="NoRequest"} 1
`), "crest_container_left_out")
		if err != nil {
			t.Error(err)
		}
	})
}

func TestMetricsThatAreRegisteredAlreadyAreAnError(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		o := s.options
		if _, err := collector.New(o); err == nil {
			t.Error("two Collectors share a registry")
		}
	})
}

func TestTheIntervalOfTheRateBudgetIsObeyed(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.datadog.interval = time.Minute
		s.start()
		s.datadog.asked()
		s.pass(10 * time.Minute)
		if n := len(s.datadog.asked()); n < 9 || n > 10 {
			t.Errorf("Datadog was asked %d times in ten minutes, want once a minute", n)
		}
	})
}

func TestOnlyTroubleIsAWarningAndThatAllIsWellFromTheStartIsNoEvent(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.pass(5 * time.Minute)
		if len(s.world.events) != 0 || len(s.world.informed) != 0 {
			t.Errorf("a good start is told of: %q, %q", s.world.events, s.world.informed)
		}
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(2 * time.Minute)
		s.datadog.do(func() { s.datadog.err = nil })
		s.pass(3 * time.Minute)
		if len(s.world.events) != 1 || !strings.HasPrefix(s.world.events[0], "item DatadogFailing: ") {
			t.Errorf("the warnings are %q", s.world.events)
		}
		if len(s.world.informed) != 1 || !strings.HasPrefix(s.world.informed[0], "item DatadogRecovered: ") {
			t.Errorf("the other Events are %q", s.world.informed)
		}
	})
}
