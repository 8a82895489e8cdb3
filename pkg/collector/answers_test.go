package collector_test

import (
	"errors"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// proven is a time after which no start is remembered any more.
const proven = 6 * time.Minute

func TestWhatTheFallbackServesAndWhetherItMayShrinkTheWorkload(t *testing.T) {
	type busy map[string]int64
	skewed, tuned := busy{"app": 8, "istio-proxy": 60}, busy{"app": 38, "istio-proxy": 40}
	cases := map[string]struct {
		mode      fallback.Mode
		scaleDown fallback.ScaleDown
		busy      busy
		sel       utilization.Selection
		want      string
	}{
		"an average may not shrink a skewed workload":           {fallback.PodAverage, fallback.Auto, skewed, item, "70 metrics-server held FallbackScaleDown measured 34"},
		"an average may always shrink":                          {fallback.PodAverage, fallback.Always, skewed, item, "34 metrics-server"},
		"an average may never shrink":                           {fallback.PodAverage, fallback.Never, tuned, item, "70 metrics-server held FallbackScaleDown measured 39"},
		"an average may shrink a balanced workload":             {fallback.PodAverage, fallback.Auto, tuned, item, "39 metrics-server"},
		"a calibrated average may not shrink a skewed workload": {fallback.CalibratedPodAverage, fallback.Auto, skewed, item, "70 metrics-server calibrated held FallbackScaleDown measured 34"},
		"a calibrated average may always shrink":                {fallback.CalibratedPodAverage, fallback.Always, skewed, item, "60 metrics-server calibrated measured 34"},
		"a calibrated average may never shrink":                 {fallback.CalibratedPodAverage, fallback.Never, skewed, item, "70 metrics-server calibrated held FallbackScaleDown measured 34"},
		"a maximum may shrink":                                  {fallback.MaxContainer, fallback.Auto, skewed, item, "60 istio-proxy metrics-server"},
		"a maximum may always shrink":                           {fallback.MaxContainer, fallback.Always, skewed, item, "60 istio-proxy metrics-server"},
		"a maximum may never shrink":                            {fallback.MaxContainer, fallback.Never, skewed, item, "70 istio-proxy metrics-server held FallbackScaleDown measured 60"},
		"a container by its name has a maximum in any mode":     {fallback.PodAverage, fallback.Auto, skewed, selection("item", "istio-proxy"), "60 istio-proxy metrics-server"},
		"what is above the target is never held":                {fallback.PodAverage, fallback.Never, busy{"app": 80, "istio-proxy": 90}, item, "85 metrics-server"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *scene) {
				s.world.target(70)
				s.world.wants = nil
				s.world.want(c.sel)
				s.world.busy[item.Workload] = c.busy
				s.start()
				s.pass(proven)
				s.datadog.do(func() { s.datadog.err = errRefused })
				s.pass(time.Minute)
				if _, one := c.sel.Containers.Single(); !one {
					s.expect(c.sel, c.want)
					return
				}
				e, _ := s.Snapshot().Get(c.sel)
				if r, err := e.Containers(s.world.Scale(c.sel), clock()); err != nil || len(r) != 1 || short(r[0]) != c.want {
					t.Errorf("the container is %v and %v, want %q", r, err, c.want)
				}
			}, func(o *collector.Options) { o.Policy.Mode, o.Policy.ScaleDown = c.mode, c.scaleDown })
		})
	}
}

func TestACalibrationWithoutARememberedSkewServesTheMaximum(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.datadog.err = errRefused
		s.start()
		s.expect(item, "90 istio-proxy metrics-server")
	}, func(o *collector.Options) { o.Policy.Mode = fallback.CalibratedPodAverage })
}

func TestASkewIsForgottenInAnOutageWhenTheRequestsChange(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.pass(2 * time.Minute)
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(time.Minute)
		s.expect(item, "90 metrics-server calibrated measured 55")
		s.world.do(func() {
			pods := ready("item", 10, clockless.Add(-time.Hour))
			for i := range pods {
				pods[i].Containers[1].Request = 2 * core
			}
			s.world.pods[item.Workload] = pods
		})
		s.pass(16 * time.Second)
		s.expect(item, "45 istio-proxy metrics-server")
	}, func(o *collector.Options) { o.Policy.Mode = fallback.CalibratedPodAverage })
}

func TestASkewThatDatadogHasLearnedAnewOutlivesAnOldSampleOfMetricsServer(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.start()
		s.pass(61 * time.Second)
		s.world.do(func() {
			pods := ready("item", 10, clockless.Add(-time.Hour))
			for i := range pods {
				pods[i].Containers[1].Request = 3 * core
			}
			s.world.pods[item.Workload] = pods
		})
		s.pass(31 * time.Second)
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(time.Minute)
		s.expect(item, "30 metrics-server calibrated measured 27.5")
	}, func(o *collector.Options) { o.Policy.Mode = fallback.CalibratedPodAverage })
}

func TestThePodAverageIsAlwaysMetricsServersAndNeverHeld(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.world.target(95)
		s.world.wants[0].PodAverage = true
		s.start()
		average := func() (collector.Result, error) {
			e, _ := s.Snapshot().Get(item)
			return e.PodAverage(clock())
		}
		r, err := average()
		if got := short(r); got != "55 metrics-server" || err != nil {
			t.Errorf("the Pod average is %q and %v", got, err)
		}
		s.metricsServer.do(func() { s.metricsServer.err = errDown })
		s.pass(2 * time.Minute)
		_, err = average()
		unavailable := (*collector.UnavailableError)(nil)
		if !errors.As(err, &unavailable) || unavailable.Only != fallback.MetricsServer {
			t.Fatalf("the error is %v", err)
		}
		contains(t, err.Error(), "metrics-server: "+errDown.Error())
	})
}

func TestAPodAverageThatHasGrownOldIsNotSaidToBeUnread(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		s.tick()
		s.pass(2 * time.Minute)
		e, _ := s.Snapshot().Get(item)
		_, err := e.PodAverage(clock())
		if err == nil {
			t.Fatal("a Pod average of two minutes ago is served")
		}
		contains(t, err.Error(), "its newest data are 2m0s old")
	})
}

func TestContainersAreServedAsMeasuredUnlessOneIsAskedForByName(t *testing.T) {
	app := selection("item", "app")
	play(t, func(t *testing.T, s *scene) {
		s.world.want(app)
		s.world.target(70)
		s.start()
		containers := func(sel utilization.Selection) (all []string) {
			e, _ := s.Snapshot().Get(sel)
			results, err := e.Containers(s.world.Scale(sel), clock())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				all = append(all, short(r))
			}
			return all
		}
		expect := func(sel utilization.Selection, want ...string) {
			t.Helper()
			got := containers(sel)
			if len(got) != len(want) {
				t.Fatalf("the containers of %s are %q, want %q", sel, got, want)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("the containers of %s are %q, want %q", sel, got, want)
				}
			}
		}
		expect(item, "20 app datadog", "90 istio-proxy datadog")
		expect(app, "70 app datadog held Starting measured 20")
		s.pass(proven)
		s.datadog.do(func() { s.datadog.err = errRefused })
		s.pass(time.Minute)
		expect(item, "20 app metrics-server", "90 istio-proxy metrics-server")
		expect(app, "20 app metrics-server") // a maximum may shrink, whatever the mode
	})
}
