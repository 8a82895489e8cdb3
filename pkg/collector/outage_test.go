package collector_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/fallback"
)

var (
	errRefused = errors.New("connection refused; is the site right?")
	errDown    = errors.New("the server is currently unable to handle the request")
)

func TestTheFirstCollectionMakesDatadogTheSource(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.expect(item, "90 istio-proxy datadog")
		if calls := s.datadog.asked(); len(calls) != 1 || !slices.Equal(calls[0], []string{"item"}) {
			t.Errorf("Datadog was asked %v", calls)
		}
		if read := s.metricsServer.read(); len(read) != 1 || !slices.Equal(read[0], []string{"shop"}) {
			t.Errorf("metrics-server was asked %v", read)
		}
	})
}

func TestAnOutageOfDatadogIsRecognizedWithinAMinuteAndLosesNoAnswer(t *testing.T) {
	cases := map[string]struct {
		failure func(*datadog)
		change  func(*collector.Options)
		within  time.Duration
		reason  fallback.Reason
	}{
		"calls fail at once": {
			failure: func(d *datadog) { d.err = errRefused }, within: time.Minute, reason: fallback.DatadogFailing,
		},
		"calls hang until their timeout": {
			failure: func(d *datadog) { d.err, d.delay = errRefused, 10*time.Second }, within: 52 * time.Second, reason: fallback.DatadogFailing,
		},
		"one failure is enough": {
			failure: func(d *datadog) { d.err = errRefused },
			change:  func(o *collector.Options) { o.Policy.FailureThreshold = 1 }, within: 31 * time.Second, reason: fallback.DatadogFailing,
		},
		"calls are refused as too many for an hour, so there is no second failure": {
			failure: func(d *datadog) { d.err, d.reset = errRefused, clockless.Add(time.Hour) }, within: 3 * time.Minute, reason: fallback.DatadogFailing,
		},
		"the rate limit is used up for an hour, so there is no failure at all": {
			failure: func(d *datadog) { d.notBefore = clockless.Add(time.Hour) }, within: 3 * time.Minute, reason: fallback.DatadogStale,
		},
		"the data stop advancing though calls succeed": {
			failure: func(d *datadog) { d.stopped = map[string]time.Time{"item": clockless} }, within: 3 * time.Minute, reason: fallback.DatadogStale,
		},
		"the workload is missing from good answers": {
			failure: func(d *datadog) { d.silent = map[string]bool{"item": true} }, within: 3 * time.Minute, reason: fallback.DatadogStale,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for begin := 91 * time.Second; begin < 121*time.Second; begin += 7 * time.Second {
				change := c.change
				if change == nil {
					change = func(*collector.Options) {}
				}
				play(t, func(t *testing.T, s *scene) {
					s.metricsServer.lag = 40 * time.Second
					s.start()
					s.pass(begin)
					s.expect(item, "90 istio-proxy datadog")
					s.datadog.do(func() { c.failure(s.datadog) })
					recognized := time.Duration(-1)
					s.watch(8*time.Minute, func(passed time.Duration) {
						r := s.answer(item)
						if r.Source == fallback.MetricsServer && recognized < 0 {
							recognized = passed
						}
						if r.Source == fallback.Datadog && recognized >= 0 {
							t.Errorf("after %s Datadog is believed again", passed)
						}
					})
					if recognized < 0 || recognized > c.within {
						t.Errorf("an outage from %s on was recognized after %s, want within %s", begin, recognized, c.within)
					}
					s.expect(item, "55 metrics-server")
					events := s.world.events
					if last := events[len(events)-1]; !strings.HasPrefix(last, "item "+string(c.reason)+": ") {
						t.Errorf("the last Event is %q, want reason %s", last, c.reason)
					} else {
						contains(t, last, "the source is now metrics-server; datadog: ")
					}
				}, change)
			}
		})
	}
}

func TestTheFirstFailureHasMetricsServerReadAtOnce(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.pass(89 * time.Second)
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.metricsServer.read()
		s.pass(2 * time.Second)
		if n := len(s.metricsServer.read()); n != 1 {
			t.Errorf("metrics-server was read %d times", n)
		}
	})
}

func TestACauseThatIsOverIsForgotten(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		fail := func(datadog, metricsServer error) {
			s.datadog.do(func() { s.datadog.err = datadog })
			s.metricsServer.do(func() { s.metricsServer.err = metricsServer })
		}
		s.start()
		fail(errRefused, errDown)
		s.pass(4 * time.Minute)
		s.unavailable(item)
		fail(nil, nil)
		s.pass(6 * time.Minute)
		s.expect(item, "90 istio-proxy datadog")
		fail(errRefused, errDown)
		s.pass(4 * time.Minute)
		contains(t, s.unavailable(item), "datadog: "+errRefused.Error()+" (since 2000-01-01T00:10:", "metrics-server: "+errDown.Error()+" (since 2000-01-01T00:1")
	})
}

func TestAfterAnOutageTheSecondGoodCollectionMakesDatadogTheSourceAgain(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.pass(time.Minute)
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(5 * time.Minute)
		s.expect(item, "55 metrics-server")
		s.datadog.do(func() { s.datadog.err = nil; s.datadog.calls = nil })
		s.watch(2*time.Minute, func(time.Duration) {
			if s.answer(item).Source == fallback.Datadog {
				return
			}
			if n := len(s.datadog.calls); n >= 2 {
				t.Fatalf("Datadog is not believed after %d good collections", n)
			}
		})
		s.expect(item, "90 istio-proxy datadog")
	})
}

func TestPastTheThresholdDatadogIsAskedOnceInTwoIntervals(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(time.Minute)
		s.datadog.asked()
		s.pass(10 * time.Minute)
		if n := len(s.datadog.asked()); n != 10 {
			t.Errorf("Datadog was asked %d times in ten minutes of an outage, want 10", n)
		}
	})
}

func TestHPAsThatAreMadeOneByOneInAnOutageDoNotCostACallEach(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.datadog.do(func() { s.datadog.err = errRefused })
		for i := range 40 {
			s.world.changed(func() { s.world.want(selection("late-" + string(rune('a'+i)))) })
			s.pass(3500 * time.Millisecond)
		}
		s.pass(5 * time.Minute)
		s.datadog.asked()
		s.pass(10 * time.Minute)
		if n := len(s.datadog.asked()); n > 60 {
			t.Errorf("41 workloads cost %d calls in ten minutes of an outage", n)
		}
	})
}

func TestAFlappingDatadogDoesNotFlapTheSource(t *testing.T) {
	cases := map[string]struct {
		pattern string
		changes int
	}{
		"every second call fails: never twice in a row": {"bg", 0},
		"one good call between two bad ones is too few": {"bbg", 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.start()
				changes, last := 0, fallback.Datadog
				s.watch(20*time.Minute, func(time.Duration) {
					s.datadog.do(func() {
						s.datadog.err = nil
						if c.pattern[(len(s.datadog.calls)-1)%len(c.pattern)] == 'b' {
							s.datadog.err = errRefused
						}
					})
					if now := s.answer(item).Source; now != last {
						changes, last = changes+1, now
					}
				})
				if changes != c.changes {
					t.Errorf("the source changed %d times, want %d", changes, c.changes)
				}
			})
		})
	}
}

func TestWhatMetricsServerKnowsDoesNotWaitForADatadogThatHangs(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.datadog.err, s.datadog.delay = errRefused, 40*time.Second // several batches, one after the other
		s.start()
		s.pass(3 * time.Minute)
		for range 60 {
			s.watch(10*time.Second, func(time.Duration) {
				if age := s.answer(item).Span.Age(clock()); age > 32*time.Second {
					t.Fatalf("the answer is %s old", age)
				}
			})
		}
	})
}

func TestDatadogDoesNotWaitLongForAMetricsServerThatHangs(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.metricsServer.delay = time.Hour
		s.start()
		s.pass(15 * time.Second)
		s.watch(5*time.Minute, func(time.Duration) {
			if age := s.answer(item).Span.Age(clock()); age > 105*time.Second {
				t.Fatalf("the answer is %s old", age)
			}
		})
	})
}
