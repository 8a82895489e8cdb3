package e2e

import (
	"math"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
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
		all(reads("metrics-server", 70, 3), adjusted("calibrated", "", skewedAverage, 1.5), isPodAverage),
	},
	"MaxContainer": {
		stage.Config{}.With(map[string]any{"mode": "MaxContainer"}),
		all(reads("metrics-server", 70, 2), ofContainer("istio-proxy")),
	},
}

func TestTheValueOfASkewedWorkloadDoesNotJumpWhenTheSourceChanges(t *testing.T) {
	for name, mode := range continuous {
		t.Run(name, func(t *testing.T) {
			withConfig(t, mode.config)
			w, seen := outage(t, skewed)
			spec := generation(t, w)
			awaitAnswer(t, w, mode.says)
			keepsReplicas(t, w, 10)
			heal(t)
			awaitAnswer(t, w, reads("datadog", 70, 2))
			wantSources(t, seen, "datadog", "metrics-server", "datadog")
			staysNear(t, seen, 70, 4)
			if moved := generation(t, w) - spec; moved != 0 {
				t.Errorf("its replicas were changed %d times under a constant load", moved)
			}
			seen = watch(t, w)
			strike(t, datadogsim.Fault{Kind: datadogsim.Refuse})
			awaitAnswer(t, w, mode.says)
			// Not 5: that would need 5.0 Pods, give or take what was measured.
			setLoad(t, w, 4.8)
			eventually(t, patience, func() error { return between(t, w, 5, 5) })
			wantSources(t, seen, "datadog", "metrics-server")
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
			w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: first}
			serve(t, w, skewed)
			scale(t, stage.HPA{For: w, Min: 2, Max: 80})
			awaitAnswer(t, w, reads("datadog", 70, 2))
			awaitTrust(t, w)
			awaitFallback(t, w)

			seen := watch(t, w)
			begin := time.Now()
			err := shared.World.SetLoadFunc(w.Namespace, w.Name, func(now time.Time) world.RPS {
				climbed := min(max(now.Sub(begin).Seconds()/climb.Seconds(), 0), 1)
				return perPod * world.RPS(first+climbed*(last-first))
			})
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, patience, func() error { return between(t, w, first+1, 2*last) })
			during := replicas(t, w)
			strike(t, datadogsim.Fault{Kind: datadogsim.Refuse})

			most, least := during, int(math.Ceil(last/1.1))
			look := func() error {
				most = max(most, replicas(t, w))
				return between(t, w, least, last+2)
			}
			eventually(t, patience, look)
			awaitAnswer(t, w, from("metrics-server"))
			consistently(t, calm, func() error { return look() })
			t.Logf("%d replicas when Datadog died, then at most %d, and %d at rest, where %d are needed", during, most, replicas(t, w), last)
			if most > 2*last {
				t.Errorf("it had %d replicas, which is more than twice of the %d that the load needs", most, last)
			}
			heal(t)
			awaitAnswer(t, w, from("datadog"))
			wantSources(t, seen, "datadog", "metrics-server", "datadog")
		})
	}
}
