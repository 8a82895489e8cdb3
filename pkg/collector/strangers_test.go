package collector_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// stranger is a workload that exists and that no HPA names.
func (s *scene) stranger(name string) utilization.Want {
	sel := selection(name)
	s.world.do(func() { s.world.make(sel.Workload) })
	return utilization.Want{Selection: sel}
}

// enrol asks as somebody does who does not find his selection.
func (s *scene) enrol(want utilization.Want) (took time.Duration, err error) {
	began := clock()
	err = s.Enrol(s.t.Context(), want)
	return clock().Sub(began), err
}

func TestAStrangerIsCollectedAtOnceByBothSources(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.pass(5 * time.Second)
		s.datadog.asked()
		s.metricsServer.read()
		want := s.stranger("guest")
		took, err := s.enrol(want)
		if err != nil || took > time.Second {
			t.Errorf("after %s the error is %v", took, err)
		}
		s.expect(want.Selection, "90 istio-proxy datadog")
		if calls := s.datadog.asked(); len(calls) != 1 || !slices.Equal(calls[0], []string{"guest"}) {
			t.Errorf("Datadog was asked %v", calls)
		}
		if n := len(s.metricsServer.read()); n != 1 {
			t.Errorf("metrics-server was read %d times", n)
		}
		if !slices.Equal(s.world.enrolled, []utilization.Workload{want.Selection.Workload}) {
			t.Errorf("the inventory follows %v", s.world.enrolled)
		}
	})
}

func TestAStrangerWaitsForHisPodsToBeKnown(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		want := s.stranger("guest")
		w := want.Selection.Workload
		s.world.do(func() { s.world.errs[w] = &utilization.PendingError{Workload: w, What: "nobody has asked for it yet"} })
		time.AfterFunc(time.Second, func() { s.world.changed(func() { delete(s.world.errs, w) }) })
		if took, err := s.enrol(want); err != nil || took > 2*time.Second {
			t.Errorf("after %s the error is %v", took, err)
		}
		s.expect(want.Selection, "90 istio-proxy datadog")
	})
}

func TestAStrangerIsToldWhyThereWillBeNoAnswer(t *testing.T) {
	cases := map[string]struct {
		world  func(*scene, utilization.Workload)
		change func(*collector.Options)
		why    string
	}{
		"it has no Pods": {
			world: func(s *scene, w utilization.Workload) { s.world.pods[w] = []utilization.Pod{} }, why: "has no Pods",
		},
		"both sources fail": {
			world: func(s *scene, _ utilization.Workload) { s.datadog.err, s.metricsServer.err = errRefused, errDown }, why: errDown.Error(),
		},
		"the only source fails": {
			world:  func(s *scene, _ utilization.Workload) { s.metricsServer.err = errDown },
			change: func(o *collector.Options) { o.Policy.DatadogDisabled = true }, why: errDown.Error(),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*collector.Options) {}
			}
			play(t, func(t *testing.T, s *scene) {
				s.start()
				want := s.stranger("guest")
				c.world(s, want.Selection.Workload)
				if took, err := s.enrol(want); err != nil || took > time.Second {
					t.Errorf("after %s the error is %v, want none at once", took, err)
				}
				_, err := s.max(want.Selection)
				if err == nil {
					t.Fatal("there is an answer")
				}
				contains(t, err.Error(), c.why)
			}, change)
		})
	}
}

func TestAStrangerWhoAsksForThePodAverageWaitsForMetricsServer(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.pass(time.Minute)
		s.metricsServer.do(func() { s.metricsServer.delay = time.Second })
		want := s.stranger("guest")
		want.PodAverage = true
		if _, err := s.enrol(want); err != nil {
			t.Fatal(err)
		}
		e, _ := s.Snapshot().Get(want.Selection)
		if r, err := e.PodAverage(clock()); err != nil || short(r) != "55 metrics-server" {
			t.Errorf("the Pod average is %q and %v", short(r), err)
		}
	})
}

func TestOneStrangerWaitsAtATimeForAtMostThreeSeconds(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.datadog.do(func() { s.datadog.delay = 8 * time.Second })
		first, second := s.stranger("first"), s.stranger("second")
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			took, err := s.enrol(first)
			busy := (*collector.BusyError)(nil)
			if !errors.As(err, &busy) || took != 3*time.Second {
				t.Errorf("after %s the error of the first is %v", took, err)
				return
			}
			contains(t, err.Error(), `deployment "first" in namespace "shop": it is not followed yet`, "its first collection has not ended within 3s",
				"the first sample is expected by 2000-01-01T00:00:10Z", "ask again then")
		}()
		synctest.Wait()
		took, err := s.enrol(second)
		busy := (*collector.BusyError)(nil)
		if !errors.As(err, &busy) || took != 0 {
			t.Fatalf("after %s the error of the second is %v", took, err)
		}
		contains(t, err.Error(), "another such request is being waited for", "the first sample is expected by 2000-01-01T00:00:10Z")
		<-ended
		s.pass(20 * time.Second)
		s.expect(first.Selection, "90 istio-proxy datadog")
		s.expect(second.Selection, "90 istio-proxy datadog") // he who could not wait is followed all the same
	})
}

func TestAStrangerWhoWaitsInVainIsToldWhatTheClusterDoesNotTell(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		want := s.stranger("guest")
		w := want.Selection.Workload
		s.world.do(func() { s.world.errs[w] = &utilization.PendingError{Workload: w, What: "its scale may not be read"} })
		took, err := s.enrol(want)
		pending := (*utilization.PendingError)(nil)
		if !errors.As(err, &pending) || took != 3*time.Second {
			t.Errorf("after %s the error is %v, want what is not known yet", took, err)
		}
	})
}

func TestAtMostFiftyStrangersAreFollowedForTenMinutes(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		for i := range 50 {
			if _, err := s.enrol(s.stranger("guest-" + strconv.Itoa(i))); err != nil {
				t.Fatal(err)
			}
		}
		one := s.stranger("one-too-many")
		_, err := s.enrol(one)
		busy := (*collector.BusyError)(nil)
		if !errors.As(err, &busy) {
			t.Fatalf("the error is %v", err)
		}
		contains(t, err.Error(), "50 selections that no HPA names are followed already, the first of them until 2000-01-01T00:10:0")
		if _, err := s.enrol(s.stranger("guest-7")); err != nil {
			t.Errorf("one of the fifty is refused: %v", err)
		}
		s.pass(11 * time.Minute)
		if _, ok := s.Snapshot().Get(selection("guest-0")); ok {
			t.Error("a stranger is followed for more than ten minutes")
		}
		if _, err := s.enrol(one); err != nil {
			t.Errorf("after ten minutes: %v", err)
		}
	})
}

func TestAWorkloadThatDoesNotExistIsToldAtOnceAndTakesNobodysPlace(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		for i := range 60 {
			took, err := s.enrol(utilization.Want{Selection: selection("ghost-" + strconv.Itoa(i))})
			missing := (*utilization.NotFoundError)(nil)
			if !errors.As(err, &missing) || took != 0 {
				t.Fatalf("after %s the error is %v", took, err)
			}
		}
		if _, err := s.enrol(s.stranger("guest")); err != nil {
			t.Errorf("somebody who exists is refused: %v", err)
		}
	})
}

func TestAStrangerWhoseWorkloadIsDeletedGivesUpHisPlace(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		for i := range 50 {
			if _, err := s.enrol(s.stranger("guest-" + strconv.Itoa(i))); err != nil {
				t.Fatal(err)
			}
		}
		s.world.changed(func() { delete(s.world.pods, selection("guest-7").Workload) })
		s.pass(time.Minute)
		if _, err := s.enrol(s.stranger("one-more")); err != nil {
			t.Errorf("there is no place: %v", err)
		}
		if _, ok := s.Snapshot().Get(selection("guest-7")); ok {
			t.Error("what does not exist is still followed")
		}
	})
}

func TestSomebodyWhoWaitsIsNotKeptByALongRetryInterval(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		if took, err := s.enrol(s.stranger("guest")); err != nil || took > 2*time.Second {
			t.Errorf("after %s the error is %v", took, err)
		}
	}, func(o *collector.Options) { o.RetryInterval = 2 * time.Minute })
}
