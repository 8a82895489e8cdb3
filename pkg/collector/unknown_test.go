package collector_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestWorkloadsThatDatadogHasNothingAboutAreNoCallOfTheirOwnWhileItAnswers(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.datadog.do(func() {
			s.datadog.empty = errors.New("no series of ours")
			s.datadog.silent = map[string]bool{"asleep": true}
		})
		s.start()
		s.world.changed(func() { s.world.want(selection("asleep")) })
		s.pass(2 * time.Minute)
		s.datadog.asked()
		s.pass(5 * time.Minute)
		calls := s.datadog.asked()
		if len(calls) != 10 {
			t.Errorf("Datadog was asked %d times in ten intervals", len(calls))
		}
		for _, call := range calls {
			if len(call) != 2 {
				t.Errorf("Datadog was asked about %v alone", call)
			}
		}

		s.datadog.do(func() { s.datadog.silent["item"] = true })
		s.pass(2 * time.Minute)
		s.datadog.asked()
		s.pass(10 * time.Minute)
		if n := len(s.datadog.asked()); n != 10 {
			t.Errorf("a Datadog that has nothing at all was asked %d times in ten minutes, want 10", n)
		}
	})
}

func TestAWorkloadThatDatadogDoesNotKnowYetIsNoFailureWhileItAnswersAboutOthers(t *testing.T) {
	young := selection("young")
	play(t, func(t *testing.T, s *scene) {
		s.datadog.do(func() {
			s.datadog.empty = errors.New("no series of ours")
			s.datadog.silent = map[string]bool{"young": true}
		})
		s.start()
		s.pass(5 * time.Second)
		s.datadog.asked()
		s.world.changed(func() { s.world.want(young) })
		s.pass(time.Second)
		s.expect(young, "55 metrics-server")
		s.pass(30 * time.Second)
		if n := s.toldOf("DatadogFailing"); n != 0 || s.toldOf("DatadogWithoutSample") != 1 {
			t.Errorf("the Events are %q", s.world.events)
		}
		if calls := s.datadog.asked(); len(calls) != 2 || len(calls[1]) != 2 {
			t.Errorf("Datadog was asked %v, want once alone and then with the others", calls)
		}
		if n, err := testutil.GatherAndCount(s.registry, "crest_collections_total"); n != 2 || err != nil {
			t.Errorf("collections have %d outcomes, want good ones of two sources; the error is %v", n, err)
		}
		s.datadog.do(func() { s.datadog.silent = nil })
		s.pass(31 * time.Second)
		s.expect(young, "90 istio-proxy datadog")
	})
}

func TestADatadogThatHasNothingFailsForANewWorkloadToo(t *testing.T) {
	cases := map[string]struct {
		// good is for how long Datadog answers, bad for how long it has nothing.
		good, bad time.Duration
	}{
		"when it never answered about others":         {0, time.Minute},
		"when it has not for longer than it is fresh": {time.Minute, 4 * time.Minute},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				nothing := func() { s.datadog.silent = map[string]bool{"item": true, "young": true} }
				s.datadog.empty = errors.New("no series of ours")
				if c.good == 0 {
					nothing()
				}
				s.start()
				s.pass(c.good)
				s.datadog.do(nothing)
				s.pass(c.bad)
				s.world.changed(func() { s.world.want(selection("young")) })
				s.pass(time.Minute)
				contains(t, strings.Join(s.world.events, "\n"), "young DatadogFailing: ")
			})
		})
	}
}
