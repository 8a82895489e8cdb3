package world

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestTruth(t *testing.T) {
	w := build(t, item(), podNamed("a"), podNamed("b"), podNamed("c", notReady), podNamed("d", pending))
	truth, err := w.Truth(start, "shop", "item")
	if err != nil {
		t.Fatal(err)
	}
	if truth.Pods != 4 || truth.Serving != 2 || truth.Load != 200 {
		t.Errorf("got %+v", truth)
	}
	if app := truth.Containers["app"]; app.Pods != 2 || !near(float64(app.Utilization), 21) || app.Request != 2 {
		t.Errorf("app is %+v", app)
	}
	// 0.42 of 2 cores and 0.2 of 1.
	if !near(float64(truth.PodAverage), 100*0.62/3) || truth.Hottest != "app" || !near(float64(truth.Max), 21) {
		t.Errorf("got %+v", truth)
	}
	if _, err := w.Truth(start, "shop", "cart"); err == nil {
		t.Error("a service that is not there has a truth")
	}
}

func TestTruthPrefersWhatTheNodeHasGiven(t *testing.T) {
	w := build(t, item(), podNamed("a", running(0, start), func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0].Resources = &corev1.ResourceRequirements{Requests: containerNamed("", "2").Resources.Requests}
	}))
	truth, err := w.Truth(start, "shop", "item")
	if err != nil || truth.Containers["app"].Request != 2 {
		t.Errorf("got %+v, %v", truth.Containers["app"], err)
	}
}

func TestNeeded(t *testing.T) {
	idle := item()
	idle.Cost, idle.Idle = nil, map[string]Cores{"app": 0.8}
	tests := map[string]struct {
		service Service
		load    RPS
		pods    []*corev1.Pod
		target  Percent
		want    int
		ok      bool
	}{
		// app: 0.69 spare cores a Pod take 345 requests/s, istio-proxy: 0.35 take 350.
		"the hottest container decides":         {item(), 3450, []*corev1.Pod{podNamed("a")}, 70, 10, true},
		"one request/s more needs another":      {item(), 3451, []*corev1.Pod{podNamed("a")}, 70, 11, true},
		"no load needs one":                     {item(), 0, []*corev1.Pod{podNamed("a")}, 70, 1, true},
		"it does not depend on the Pods there":  {item(), 3450, []*corev1.Pod{podNamed("a"), podNamed("b")}, 70, 10, true},
		"idling above the target is hopeless":   {idle, 0, []*corev1.Pod{podNamed("a")}, 70, 0, false},
		"nothing is known while nothing serves": {item(), 100, nil, 70, 0, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.service.Load = test.load
			truth, err := build(t, test.service, test.pods...).Truth(start, "shop", "item")
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := truth.Needed(test.target); got != test.want || ok != test.ok {
				t.Errorf("got %d, %t, want %d, %t", got, ok, test.want, test.ok)
			}
		})
	}
}
