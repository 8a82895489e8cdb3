package collector_test

import (
	"testing"
	"time"
)

func TestASourceThatIsAboutToAnswerIsNotSaidToBeWrong(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.tick()
		s.datadog.err = errRefused
		for _, wait := range []time.Duration{30 * time.Second, 10 * time.Second} {
			s.pass(wait)
			s.tick()
		}
		s.datadog.err = nil
		s.pass(time.Minute)
		s.tick()
		s.expect(item, "55 metrics-server")
		s.pass(91 * time.Second) // no Tick says that Datadog, good once, now answers
		contains(t, s.unavailable(item), "datadog: its calls succeed, and its newest data are 2m11s old, of 2000-01-01T00:01:00Z; "+
			"it answers from the next collection on")
		s.tick()
		s.answer(item)
	})
}
