package collector_test

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestAStrangerWhomAnHPANamesByNowIsNoneAnyMore(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		want := s.stranger("guest")
		if _, err := s.enrol(want); err != nil {
			t.Fatal(err)
		}
		wants := s.world.wants
		s.world.changed(func() { s.world.want(want.Selection) })
		s.pass(time.Second)
		s.expect(want.Selection, "90 istio-proxy datadog")
		s.world.changed(func() { s.world.wants = wants })
		s.pass(time.Second)
		if _, ok := s.Snapshot().Get(want.Selection); ok {
			t.Error("without the HPA it is still followed")
		}
	})
}

func TestWhatAnHPANamesSinceTheLastTickIsNoStranger(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		for i := range 50 {
			if _, err := s.enrol(s.stranger("guest-" + strconv.Itoa(i))); err != nil {
				t.Fatal(err)
			}
		}
		fresh, other := selection("fresh"), selection("other")
		s.world.do(func() { s.world.want(fresh); s.world.want(other) })
		took, err := s.enrol(utilization.Want{Selection: fresh})
		if err != nil || took > time.Second {
			t.Fatalf("after %s the error is %v, want an answer", took, err)
		}
		s.expect(fresh, "90 istio-proxy datadog")
	})
}

func TestWhatAnHPANamesSinceTheLastTickIsWaitedForLikeAStranger(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.datadog.do(func() { s.datadog.delay = 8 * time.Second })
		for _, name := range []string{"first", "second"} {
			s.world.do(func() { s.world.want(selection(name)) })
		}
		ended := make(chan struct{})
		ask := func(name string, want time.Duration, why string) {
			took, err := s.enrol(utilization.Want{Selection: selection(name)})
			busy := (*collector.BusyError)(nil)
			if !errors.As(err, &busy) || took != want {
				t.Errorf("after %s the error of the %s is %v", took, name, err)
				return
			}
			contains(t, err.Error(), `deployment "`+name+`" in namespace "shop": an HPA names it since a moment ago`, why,
				"the first sample is expected by 2000-01-01T00:00:10Z", "an HPA asks again by itself")
		}
		go func() {
			defer close(ended)
			ask("first", 3*time.Second, "its first collection has not ended within 3s")
		}()
		synctest.Wait()
		ask("second", 0, "another such request is being waited for")
		<-ended
	})
}
