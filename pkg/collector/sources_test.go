package collector_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestWithoutAnySourceTheErrorNamesBothCausesAndEachSourceThatReturnsAnswers(t *testing.T) {
	cases := map[string]struct {
		mend func(*scene)
		want string
	}{
		"Datadog returns":        {func(s *scene) { s.datadog.do(func() { s.datadog.err = nil }) }, "90 istio-proxy datadog"},
		"metrics-server returns": {func(s *scene) { s.metricsServer.do(func() { s.metricsServer.err = nil }) }, "55 metrics-server"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.start()
				s.pass(time.Minute)
				s.datadog.do(func() { s.datadog.err = errRefused })
				s.metricsServer.do(func() { s.metricsServer.err = errDown })
				s.pass(4 * time.Minute)
				contains(t, s.unavailable(item), `deployment "item" in namespace "shop": no source has usable data`,
					"datadog: "+errRefused.Error()+" (since 2000-01-01T00:01:", "metrics-server: "+errDown.Error()+" (since 2000-01-01T00:01:")
				c.mend(s)
				s.pass(61 * time.Second)
				s.expect(item, c.want)
			})
		})
	}
}

func TestBeforeTheFirstAnswersTheErrorSaysThatTheyWillCome(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.datadog.delay = 5 * time.Second
		s.start()
		s.pass(time.Second)
		if s.Collected() {
			t.Error("the first collection has ended before Datadog has answered")
		}
		contains(t, s.unavailable(item), "datadog: the first collection has not ended yet")
		s.pass(5 * time.Second)
		if !s.Collected() {
			t.Error("the first collection has not ended though both sources have answered")
		}
		s.expect(item, "90 istio-proxy datadog")
	})
}

func TestTheFirstCollectionHasEndedWhateverItsOutcome(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.datadog.err, s.metricsServer.err, s.datadog.delay = errRefused, errDown, 10*time.Second
		s.start()
		s.pass(11 * time.Second)
		if !s.Collected() {
			t.Error("a first collection that failed does not count")
		}
	})
}

func TestOfTwoBatchesTheOneThatFailsChangesTheSourceOfItsWorkloadsOnlyAndIsRetriedAlone(t *testing.T) {
	other := selection("other")
	play(t, func(t *testing.T, s *scene) {
		s.world.want(other)
		s.start()
		s.datadog.do(func() { s.datadog.errs = map[string]error{"other": errRefused} })
		s.datadog.asked()
		s.pass(55 * time.Second)
		s.expect(item, "90 istio-proxy datadog")
		s.expect(other, "55 metrics-server")
		want := [][]string{{"item", "other"}, {"other"}}
		if calls := s.datadog.asked(); !slices.EqualFunc(calls, want, slices.Equal) {
			t.Errorf("Datadog was asked %v, want %v", calls, want)
		}
	})
}

func TestAnotherSelectorOfAKnownWorkloadIsAnsweredFromWhatIsKnown(t *testing.T) {
	app := selection("item", "app")
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.datadog.asked()
		s.world.changed(func() { s.world.want(app) })
		s.pass(time.Second)
		s.expect(app, "20 app datadog")
		if calls := s.datadog.asked(); len(calls) != 0 {
			t.Errorf("Datadog was asked %v", calls)
		}
	})
}

func TestANewWorkloadIsAskedAboutAtOnceAndAlone(t *testing.T) {
	late := selection("late")
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.pass(5 * time.Second)
		s.datadog.asked()
		s.world.changed(func() { s.world.want(late) })
		s.pass(time.Second)
		s.expect(late, "90 istio-proxy datadog")
		if calls := s.datadog.asked(); len(calls) != 1 || !slices.Equal(calls[0], []string{"late"}) {
			t.Errorf("Datadog was asked %v", calls)
		}
	})
}

func TestANewWorkloadNeedNotWaitForARateLimitToBeOver(t *testing.T) {
	late := selection("late")
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.datadog.do(func() { s.datadog.notBefore = clockless.Add(time.Hour) })
		s.pass(time.Minute)
		s.datadog.asked()
		s.world.changed(func() { s.world.want(late) })
		s.pass(time.Second)
		s.expect(late, "55 metrics-server")
		if calls := s.datadog.asked(); len(calls) != 0 {
			t.Errorf("Datadog was asked %v though it had refused", calls)
		}
		s.datadog.do(func() { s.datadog.notBefore = time.Time{} })
		s.pass(time.Hour)
		s.expect(late, "90 istio-proxy datadog")
	})
}

func TestPodsThatBecomeKnownLaterAreAnsweredForAtOnce(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.errs[item.Workload] = &utilization.PendingError{Workload: item.Workload, What: "its Pods are being counted"}
		s.start()
		s.pass(2 * time.Second)
		if _, err := s.max(item); err == nil || !strings.Contains(err.Error(), "its Pods are being counted") {
			t.Errorf("the answer is %v", err)
		}
		s.world.changed(func() { delete(s.world.errs, item.Workload) })
		s.pass(time.Second)
		s.expect(item, "90 istio-proxy datadog")
	})
}

func TestAWorkloadWithoutPodsHasNoAnswerAndComesBack(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		pods := s.world.pods[item.Workload]
		s.world.changed(func() { s.world.pods[item.Workload] = []utilization.Pod{} })
		s.pass(time.Second)
		_, err := s.max(item)
		if err == nil {
			t.Fatal("there is an answer at zero Pods")
		}
		contains(t, err.Error(), "has no Pods", "this metric alone can never wake the workload")
		s.pass(10 * time.Minute)
		s.world.changed(func() { s.world.pods[item.Workload] = pods })
		s.pass(15 * time.Second)
		s.expect(item, "55 metrics-server")
		s.pass(time.Minute)
		s.expect(item, "90 istio-proxy datadog")
	})
}

func TestWhatNobodyWantsAnyMoreIsForgotten(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(2 * time.Minute)
		s.expect(item, "55 metrics-server")
		wants := s.world.wants
		s.world.changed(func() { s.world.wants = nil })
		s.pass(time.Second)
		if _, ok := s.Snapshot().Get(item); ok {
			t.Error("it is still in the snapshot")
		}
		s.datadog.asked()
		s.metricsServer.read()
		s.pass(5 * time.Minute)
		if a, b := s.datadog.asked(), s.metricsServer.read(); len(a)+len(b) > 0 {
			t.Errorf("the sources were asked %v and %v though nobody wants anything", a, b)
		}
		s.datadog.do(func() { s.datadog.err = nil })
		s.world.changed(func() { s.world.wants = wants })
		s.pass(time.Second)
		s.expect(item, "90 istio-proxy datadog") // with its failures, two good collections would be needed
	})
}

func TestAnHPAThatMovesToAnotherWorkloadIsFollowed(t *testing.T) {
	moved := selection("moved")
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.world.changed(func() {
			s.world.wants = nil
			s.world.want(moved)
		})
		s.pass(time.Second)
		s.expect(moved, "90 istio-proxy datadog")
		if _, ok := s.Snapshot().Get(item); ok {
			t.Error("the workload that its selector hpa=NAME meant before is still followed")
		}
	})
}

func TestWithoutDatadogMetricsServerAnswersAlone(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.expect(item, "55 metrics-server")
		s.watch(10*time.Minute, func(time.Duration) { s.answer(item) })
		if calls := s.datadog.asked(); len(calls) > 0 {
			t.Errorf("Datadog was asked %v", calls)
		}
		s.metricsServer.do(func() { s.metricsServer.err = errDown })
		s.pass(2 * time.Minute)
		contains(t, s.unavailable(item), "datadog: disabled (datadog.enabled)", "metrics-server: "+errDown.Error())
		contains(t, s.world.events[0], "item NoSource: ") // that it is disabled is nothing to be warned of
	}, func(o *collector.Options) { o.Policy.DatadogDisabled = true })
}

func TestADatadogThatIsEnabledNeedsAClient(t *testing.T) {
	if _, err := collector.New(collector.Options{}); err == nil {
		t.Error("New without a client for Datadog is no error")
	}
}

func TestATickThatIsCutShortDecidesNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		s.Tick(ctx, clock())
		if s.Snapshot() != nil || s.Collected() {
			t.Error("a Tick without time published a snapshot")
		}
	})
}
