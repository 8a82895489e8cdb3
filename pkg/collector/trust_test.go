package collector_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/collector"
)

func TestAfterAStartNothingShrinksUntilASourceHasBeenGoodForFiveMinutes(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.target(95)
		s.start()
		s.watch(5*time.Minute-time.Second, func(time.Duration) {
			s.expect(item, "95 istio-proxy datadog held Starting measured 90")
		})
		s.pass(20 * time.Second)
		s.expect(item, "90 istio-proxy datadog")
	})
}

func TestAnHPAThatIsMadeLaterMayShrinkItsWorkloadAtOnce(t *testing.T) {
	late := selection("late")
	play(t, func(t *testing.T, s *scene) {
		s.world.target(95)
		s.start()
		s.pass(proven)
		s.world.changed(func() { s.world.want(late) })
		s.pass(time.Second)
		s.expect(late, "90 istio-proxy datadog")
	})
}

func TestOnlyASilenceOfMoreThanTwoMinutesIsFollowedByAHold(t *testing.T) {
	cases := map[string]struct {
		silence time.Duration
		want    string
	}{
		"a short one": {110 * time.Second, "90 istio-proxy datadog"},
		"a long one":  {125 * time.Second, "95 istio-proxy datadog held Returning measured 90"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.world.target(95)
				s.start()
				s.pass(proven)
				pods := s.world.pods[item.Workload]
				s.world.changed(func() { s.world.pods[item.Workload] = nil })
				s.pass(c.silence)
				s.world.changed(func() { s.world.pods[item.Workload] = pods })
				s.pass(time.Second)
				s.expect(item, c.want)
				s.pass(5*time.Minute + 20*time.Second)
				s.expect(item, "90 istio-proxy datadog")
			})
		})
	}
}

// A loop that stands still, because the process or the machine does, has its
// readers told so once its snapshot is too old.
func TestALongGapBetweenTicksIsASilence(t *testing.T) {
	cases := map[string]struct {
		gap  time.Duration
		want string
	}{
		"one that is no longer than Ticks may be apart": {80 * time.Second, "90 istio-proxy datadog"},
		"a longer one": {3 * time.Minute, "95 istio-proxy datadog held Returning measured 90"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.world.target(95)
				run := func(d time.Duration) {
					for end := clock().Add(d); clock().Before(end); s.pass(5 * time.Second) {
						s.tick()
					}
				}
				run(4 * time.Minute)
				s.expect(item, "90 istio-proxy datadog")
				s.pass(c.gap - 5*time.Second)
				s.tick()
				s.tick()
				s.expect(item, c.want)
				run(3 * time.Minute)
				s.expect(item, "90 istio-proxy datadog")
			}, func(o *collector.Options) { o.DownscaleStabilization = 150 * time.Second })
		})
	}
}
