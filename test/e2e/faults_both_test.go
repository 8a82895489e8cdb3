package e2e

import (
	"testing"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

func TestBothSourcesGone(t *testing.T) {
	for name, back := range map[string]struct {
		returns func(*testing.T)
		source  string
	}{
		"and metrics-server returns first": {func(*testing.T) { shared.See() }, "metrics-server"},
		"and Datadog returns first":        {shared.Heal, "datadog"},
	} {
		t.Run(name, func(t *testing.T) {
			w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
			shared.Serve(t, w, nearlyBalanced)
			shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 12})
			scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog"))

			shared.Blind(t)
			shared.Strike(t, datadogsim.Fault{Kind: datadogsim.Refuse})
			unavailable(t, w,
				`deployment "item" in namespace "`+w.Namespace, "no source has usable data", "the HPA keeps its replicas",
				"datadog: ", "refuses connections", "check datadog.url",
				"metrics-server: ", "0 of 4 Ready Pods have usable metrics", "(since ")
			// Nobody knows of it, so nothing may happen.
			shared.SetLoad(t, w, 8)
			shared.AwaitScalingInactive(t, w, "no source has usable data", "refuses connections", "0 of 4 Ready Pods")
			shared.KeepsReplicas(t, w, 4)

			back.returns(t)
			scene.AwaitAnswer(t, shared.Maximum(w), scene.From(back.source))
			shared.AwaitReplicas(t, w, 7, 8)
		})
	}
}
