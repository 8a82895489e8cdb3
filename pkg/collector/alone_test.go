package collector_test

import (
	"testing"
	"time"
)

const (
	toldAlone = "metrics-server has nothing usable; Datadog answers, and nothing would if it failed"
	toldAgain = "metrics-server could answer again if Datadog failed"
)

func TestAFallbackThatIsGoneBeforeItIsNeededIsLoggedOnce(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.want(selection("cart"))
		s.start()
		s.pass(5 * time.Minute)
		s.metricsServer.do(func() { s.metricsServer.err = errDown })
		s.pass(time.Minute)
		if n := s.logged.containing(toldAlone); n != 0 {
			t.Errorf("%d log lines after a minute, in which its last sample is still believed", n)
		}
		s.watch(10*time.Minute, func(time.Duration) { s.expect(item, "90 istio-proxy datadog") })
		if n := s.logged.containing(`"` + toldAlone + `" "selections"=2`); n != 1 || s.logged.containing(errDown.Error()) != 1 {
			t.Errorf("the log is %q, want one line for both selections", s.logged.text)
		}
		if len(s.world.events) != 0 {
			t.Errorf("the Events are %q, though no answer changed", s.world.events)
		}

		s.metricsServer.do(func() { s.metricsServer.err = nil })
		s.pass(2 * time.Minute)
		if n := s.logged.containing(`"` + toldAgain + `" "selections"=2`); n != 1 {
			t.Errorf("the log is %q, want one line that it is back", s.logged.text)
		}
	})
}

func TestAMetricsServerThatIsAwayForAMomentIsNotWorthALine(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		for range 5 {
			s.metricsServer.do(func() { s.metricsServer.err = errDown })
			s.pass(70 * time.Second)
			s.metricsServer.do(func() { s.metricsServer.err = nil })
			s.pass(2 * time.Minute)
		}
		if s.logged.containing(toldAlone) != 0 || s.logged.containing(toldAgain) != 0 {
			t.Errorf("the log is %q", s.logged.text)
		}
	})
}

func TestAFallbackThatAnswersAndThenFailsIsNotToldOfTwice(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(3 * time.Minute)
		s.metricsServer.do(func() { s.metricsServer.err = errDown })
		s.pass(5 * time.Minute)
		s.unavailable(item)
		if n := s.logged.containing(toldAlone); n != 0 {
			t.Errorf("%d log lines say that Datadog answers, which it does not", n)
		}
	})
}
