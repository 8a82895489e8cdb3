package collector_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestAContainerThatDatadogNeverReportsMakesTheAnswerMetricsServersMaximum(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		app := selection("item", "app")
		s.world.want(app)
		s.datadog.silent = map[string]bool{"istio-proxy": true}
		s.start()
		s.expect(item, "90 istio-proxy metrics-server")
		s.expect(app, "20 app datadog")
		told := 0
		for _, event := range s.world.events {
			if len(event) > 20 && event[:20] == "item ContainerSilent" {
				told++
				contains(t, event, "container istio-proxy has never been reported")
			}
		}
		if told != 1 {
			t.Errorf("%d Events tell of the silent container, want 1: %q", told, s.world.events)
		}
		s.pass(10 * time.Minute)
		s.expect(item, "90 istio-proxy metrics-server")
	})
}

func TestAContainerThatFallsSilentLaterIsMissingAndNotNeverReported(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.datadog.do(func() { s.datadog.silent = map[string]bool{"istio-proxy": true} })
		s.pass(10 * time.Minute)
		s.expect(item, "55 metrics-server")
	})
}

func TestNoRolloutMakesASilentContainerForgotten(t *testing.T) {
	cases := map[string]struct {
		known time.Duration // for how long it was reported
		want  string
	}{
		"one that was never reported":    {0, "90 istio-proxy metrics-server"},
		"one that was reported for long": {10 * time.Minute, "55 metrics-server"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				silent := map[string]bool{"istio-proxy": true}
				if c.known == 0 {
					s.datadog.silent = silent
				}
				s.start()
				s.pass(c.known)
				s.datadog.do(func() { s.datadog.silent = silent })
				s.pass(4 * time.Minute)
				s.world.changed(func() { s.world.pods[item.Workload] = ready("item", 10, clock()) })
				s.watch(10*time.Minute, func(time.Duration) {
					if r, err := s.max(item); err == nil && short(r) != c.want {
						t.Fatalf("at %s: the answer is %q, want %q", clock().Format(time.TimeOnly), short(r), c.want)
					}
				})
				s.expect(item, c.want)
			})
		})
	}
}

func TestASilenceIsOverWhenAllContainersAreReportedHoweverYoungTheyAre(t *testing.T) {
	sidecars := selection("item", "istio-proxy", "log")
	play(t, func(t *testing.T, s *scene) {
		s.world.wants = nil
		s.world.want(sidecars)
		pods := ready("item", 10, clock())
		for i := range pods {
			pods[i].Containers = append(pods[i].Containers, utilization.Container{Name: "log", Request: core})
		}
		s.world.pods[item.Workload] = pods
		s.world.busy[item.Workload]["log"] = 10
		s.datadog.silent = map[string]bool{"istio-proxy": true, "log": true}
		s.start()
		s.pass(time.Minute)
		s.expect(sidecars, "90 istio-proxy metrics-server")
		s.datadog.do(func() { s.datadog.silent = map[string]bool{"istio-proxy": true} })
		s.pass(time.Minute)
		s.expect(sidecars, "90 istio-proxy metrics-server")
		s.datadog.do(func() { s.datadog.silent = nil })
		s.pass(time.Minute)
		s.expect(sidecars, "90 istio-proxy datadog")
	})
}

func TestAYoungContainerMayHaveBeenReportedByTooFewPodsAndByTooManyNever(t *testing.T) {
	cases := map[string]struct {
		known time.Duration // for how long it was measured
		more  int
		want  string
	}{
		"by too few of a young workload":          {0, -8, "20 app datadog"},
		"by too few, though it was measured once": {time.Minute, -8, "55 metrics-server"},
		"by those of two clusters":                {0, 10, "55 metrics-server"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				if c.known > 0 {
					s.start()
					s.pass(c.known)
				}
				s.datadog.do(func() { s.datadog.more = map[string]int{"istio-proxy": c.more} })
				s.world.do(func() { s.world.pods[item.Workload] = ready("item", 10, clock()) })
				if c.known == 0 {
					s.start()
				}
				s.pass(170 * time.Second) // the Pods are younger than maxAge, and what was measured is older
				s.expect(item, c.want)
			})
		})
	}
}
