package e2e

import (
	"math"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// continuous are the modes that promise that the value does not jump when the
// source changes, each with what it says of a skewed workload at its target.
var continuous = map[string]struct {
	config stage.Config
	says   func(stage.Answer) error
}{
	"CalibratedPodAverage": {
		stage.Config{}.With(map[string]any{"mode": "CalibratedPodAverage", "scaleDown": "always"}),
		scene.All(scene.Reads("metrics-server", 70, 3), scene.Adjusted("calibrated", "", skewedAverage, 1.5), scene.Of("")),
	},
	"MaxContainer": {
		stage.Config{}.With(map[string]any{"mode": "MaxContainer"}),
		scene.All(scene.Reads("metrics-server", 70, 2), ofContainer("istio-proxy")),
	},
}

func TestTheValueOfASkewedWorkloadDoesNotJumpWhenTheSourceChanges(t *testing.T) {
	for name, mode := range continuous {
		t.Run(name, func(t *testing.T) {
			withConfig(t, mode.config)
			w, seen := outage(t, skewed)
			spec := generation(t, w)
			scene.AwaitAnswer(t, shared.Maximum(w), mode.says)
			shared.KeepsReplicas(t, w, 10)
			shared.Heal(t)
			scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 70, 2))
			scene.WantSources(t, seen, "datadog", "metrics-server", "datadog")
			staysNear(t, seen, 70, 4)
			if moved := generation(t, w) - spec; moved != 0 {
				t.Errorf("its replicas were changed %d times under a constant load", moved)
			}
			seen = scene.Watch(t, often, shared.Maximum(w))
			shared.Strike(t, datadogsim.Fault{Kind: datadogsim.Refuse})
			scene.AwaitAnswer(t, shared.Maximum(w), mode.says)
			// Not 5: that would need 5.0 Pods, give or take what was measured.
			shared.SetLoad(t, w, 4.8)
			shared.AwaitReplicas(t, w, 5, 5)
			scene.WantSources(t, seen, "datadog", "metrics-server")
		})
	}
}

// The HPA leaves alone what is within a tenth of its target, so that it may
// rest with fewer Pods than would be needed at the target.
func TestASkewedWorkloadFollowsALoadThatRisesWhileItsDatadogDies(t *testing.T) {
	const (
		first, last = 10, 20 // Pods at the target
		climb       = 20 * time.Second
	)
	for name, mode := range continuous {
		t.Run(name, func(t *testing.T) {
			withConfig(t, mode.config)
			w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: first}
			shared.Serve(t, w, skewed)
			shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 80})
			scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 70, 2))
			awaitTrust(t, w)
			shared.AwaitFallback(t, w)

			seen := scene.Watch(t, often, shared.Maximum(w))
			begin := time.Now()
			err := shared.World.SetLoadFunc(w.Namespace, w.Name, func(now time.Time) world.RPS {
				climbed := min(max(now.Sub(begin).Seconds()/climb.Seconds(), 0), 1)
				return scene.PerPod * world.RPS(first+climbed*(last-first))
			})
			if err != nil {
				t.Fatal(err)
			}
			shared.AwaitReplicas(t, w, first+1, 2*last)
			during := shared.Replicas(t, w)
			shared.Strike(t, datadogsim.Fault{Kind: datadogsim.Refuse})

			most, least := during, int(math.Ceil(last/1.1))
			look := func() error {
				most = max(most, shared.Replicas(t, w))
				return shared.Between(t, w, least, last+2)
			}
			scene.Eventually(t, "it has what it needs", look)
			scene.AwaitAnswer(t, shared.Maximum(w), scene.From("metrics-server"))
			scene.Consistently(t, calm, "it keeps what it needs", func() error { return look() })
			t.Logf("%d replicas when Datadog died, then at most %d, and %d at rest, where %d are needed", during, most, shared.Replicas(t, w), last)
			if most > 2*last {
				t.Errorf("it had %d replicas, which is more than twice of the %d that the load needs", most, last)
			}
			shared.Heal(t)
			scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog"))
			scene.WantSources(t, seen, "datadog", "metrics-server", "datadog")
		})
	}
}
