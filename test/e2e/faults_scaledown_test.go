package e2e

import (
	"fmt"
	"testing"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// skewed has a Pod average that hides its proxy, which is exactly at the
// target: (70 · 100m + 8 · 200m) / 300m.
var skewed = scene.Busy{"app": 8, "istio-proxy": 70}

const skewedAverage = 28.7

// outage is a workload of ten Pods whose source is metrics-server, because
// Datadog refuses connections until the end of the test.
func outage(t *testing.T, b scene.Busy) (w stage.Workload, seen *stage.Watch) {
	t.Helper()
	w = stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 10}
	shared.Serve(t, w, b)
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 30})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", b["istio-proxy"], 2))
	// The adapter has started just now: below the target it answers with the
	// target, and so does not say what it would do otherwise.
	awaitTrust(t, w)
	seen = scene.Watch(t, often, shared.Maximum(w))
	shared.Strike(t, datadogsim.Fault{Kind: datadogsim.Refuse})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.From("metrics-server"))
	return w, seen
}

// awaitTrust waits until the adapter would let Datadog shrink the workload.
func awaitTrust(t *testing.T, w stage.Workload) {
	t.Helper()
	scene.AwaitAnswer(t, shared.Maximum(w), func(a stage.Answer) error {
		if why := a.Label("reason"); why != "" {
			return fmt.Errorf("it is held because of %q", why)
		}
		return nil
	})
}

func TestAnOutageDoesNotShrinkAWorkloadWhoseAverageHidesItsProxy(t *testing.T) {
	for name, config := range map[string]stage.Config{
		"scaleDown auto":  stage.Config{}.With(map[string]any{"scaleDown": "auto"}),
		"scaleDown never": stage.Config{}.With(map[string]any{"scaleDown": "never"}),
	} {
		t.Run(name, func(t *testing.T) {
			withConfig(t, config)
			w, seen := outage(t, skewed)
			scene.AwaitAnswer(t, shared.Maximum(w), scene.All(
				scene.Reads("metrics-server", 70, 0),
				scene.Adjusted("held", "FallbackScaleDown", skewedAverage, 1.5),
			))
			shared.KeepsReplicas(t, w, 10)
			shared.Heal(t)
			scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 70, 2))
			scene.WantSources(t, seen, "datadog", "metrics-server", "datadog")
		})
	}
}

func TestAnOutageShrinksAnyWorkloadWithScaleDownAlways(t *testing.T) {
	withConfig(t, stage.Config{}.With(map[string]any{"scaleDown": "always"}))
	w, seen := outage(t, skewed)
	// The average is at the target with 28.7 / 70 of ten Pods.
	shared.AwaitReplicas(t, w, 4, 5)
	shared.Heal(t)
	// Datadog knows how hot the proxy is now.
	shared.AwaitReplicas(t, w, 10, 11)
	scene.NoneFailed(t, seen)
}

func TestABalancedWorkloadFollowsItsLoadThroughAnOutage(t *testing.T) {
	withConfig(t, stage.Config{})
	w, seen := outage(t, nearlyBalanced)
	shared.SetLoad(t, w, 16)
	shared.AwaitReplicas(t, w, 14, 16) // 64 · 16 / 70 = 14.6
	shared.SetLoad(t, w, 6)
	shared.AwaitReplicas(t, w, 5, 6) // 64 · 6 / 70 = 5.5
	shared.KeepsReplicas(t, w, shared.Replicas(t, w))
	scene.WantSources(t, seen, "datadog", "metrics-server")
}

func TestScaleDownNeverLetsAnOutageRaiseAWorkloadOnly(t *testing.T) {
	withConfig(t, stage.Config{}.With(map[string]any{"scaleDown": "never"}))
	w, seen := outage(t, nearlyBalanced)
	shared.SetLoad(t, w, 16)
	shared.AwaitReplicas(t, w, 14, 16)
	raised := shared.Replicas(t, w)
	shared.SetLoad(t, w, 6)
	scene.AwaitAnswer(t, shared.Maximum(w), func(a stage.Answer) error {
		return scene.Adjusted("held", "FallbackScaleDown", nearlyAverage*6/float64(raised), 2)(a)
	})
	shared.KeepsReplicas(t, w, raised)
	scene.WantSources(t, seen, "datadog", "metrics-server")
}

// ofContainer wants the value of a container, as it was measured.
func ofContainer(name string) func(stage.Answer) error {
	return func(a stage.Answer) error {
		if a.Label("container") != name || a.Label("adjusted") != "" {
			return fmt.Errorf("it is of container %q and adjusted by %q, want %q as measured", a.Label("container"), a.Label("adjusted"), name)
		}
		return nil
	}
}
