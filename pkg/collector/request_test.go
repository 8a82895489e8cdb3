package collector_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// requesting are ten Pods that have been Ready for an hour, the first of which
// have lost the CPU request of their istio-proxy.
func requesting(lost int) []utilization.Pod {
	pods := ready("item", 10, clockless.Add(-time.Hour))
	for i := range lost {
		pods[i].Containers[1].Request = 0
	}
	return pods
}

func TestAContainerThatLosesItsRequestDoesNotShrinkTheWorkload(t *testing.T) {
	cases := map[string]struct {
		measured time.Duration // before it was lost
		outage   bool
		lost     int
		app      int64
		want     string
	}{
		"what is left is low":                     {proven, false, 10, 20, "70 app datadog held RequestLost measured 20"},
		"what is left is low, on the fallback":    {proven, true, 10, 20, "70 metrics-server held RequestLost measured 20"},
		"what is left is high":                    {proven, false, 10, 80, "80 app datadog"},
		"more than half of the Pods have lost it": {proven, false, 6, 20, "70 app datadog held RequestLost measured 20"},
		"half of the Pods have it still":          {proven, false, 5, 20, "90 istio-proxy datadog"},
		"it is named before the start is":         {time.Minute, false, 10, 20, "70 app datadog held RequestLost measured 20"},
		"it was never measured":                   {0, false, 10, 20, "20 app datadog"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.world.target(70)
				s.world.busy[item.Workload] = map[string]int64{"app": c.app, "istio-proxy": 90}
				if c.measured == 0 {
					s.world.pods[item.Workload] = requesting(c.lost)
				}
				s.start()
				s.pass(c.measured)
				s.world.do(func() { s.world.pods[item.Workload] = requesting(c.lost) })
				s.datadog.do(func() {
					if c.outage {
						s.datadog.err = errRefused
					}
				})
				s.pass(time.Minute)
				if c.measured == 0 {
					s.pass(proven)
				}
				s.expect(item, c.want)
			})
		})
	}
}

func TestARequestThatIsSetAgainEndsTheHold(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.target(95)
		s.start()
		s.pass(proven)
		s.expect(item, "90 istio-proxy datadog")
		s.world.do(func() { s.world.pods[item.Workload] = requesting(10) })
		s.pass(time.Hour)
		s.expect(item, "95 app datadog held RequestLost measured 20")
		s.world.do(func() { s.world.pods[item.Workload] = requesting(0) })
		s.pass(time.Minute)
		s.expect(item, "90 istio-proxy datadog")
	})
}

func TestAContainerThatIsNotInThePodsAnyMoreHoldsNothing(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.target(70)
		s.start()
		s.pass(proven)
		s.world.do(func() {
			pods := ready("item", 10, clockless.Add(-time.Hour))
			for i := range 6 {
				pods[i].Containers = pods[i].Containers[:1]
			}
			s.world.pods[item.Workload] = pods
		})
		s.pass(time.Minute)
		s.expect(item, "20 app datadog")
	})
}
