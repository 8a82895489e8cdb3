package e2e

import (
	"testing"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// setReady makes the first Pods of a workload Ready, or hang.
func setReady(t *testing.T, w stage.Workload, pods int, ready bool) {
	t.Helper()
	for _, p := range podsOf(t, w)[:pods] {
		if err := shared.Cluster.SetPodReady(t.Context(), w.Namespace, p.Name, ready); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHalfOfThePodsHungDoesNotShrinkTheWorkload(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 10}
	law := scene.Busy{"app": 30, "istio-proxy": 65}
	shared.Serve(t, w, law)
	throttled := scene.Service(w, law)
	throttled.Limit = map[string]world.Cores{"istio-proxy": 0.1} // 100 %
	setService(t, throttled)
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 20})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 65, 2))
	seen := scene.Watch(t, often, shared.Maximum(w))

	setReady(t, w, 5, false)
	// Datadog's mean is over all Pods, half of which idle: 50 %. And the HPA
	// would multiply what the others need, 100 / 70, by five.
	scene.AwaitAnswer(t, shared.Maximum(w), scene.All(scene.Reads("metrics-server", 70, 0), scene.Adjusted("held", "TooFewReady", 100, 2)))
	shared.KeepsReplicas(t, w, 10)

	setReady(t, w, 10, true)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 65, 2))
	shared.KeepsReplicas(t, w, 10)
	scene.NoneFailed(t, seen)
}

func TestNoPodReadyHoldsTheReplicasUntilOneIs(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 3}
	shared.Serve(t, w, scene.Busy{"app": 30, "istio-proxy": 65})
	shared.Scale(t, stage.HPA{For: w, Min: 1, Max: 12})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 65, 2))
	setReady(t, w, 3, false)
	const says = "none of its 3 Pods is Ready (3: readiness probe of app); see kubectl get pods"
	unavailable(t, w, says)
	shared.AwaitScalingInactive(t, w, says)
	shared.KeepsReplicas(t, w, 3)
	shared.SetLoad(t, w, 5)
	setReady(t, w, 3, true)
	shared.AwaitReplicas(t, w, 5, 5) // 65 · 5 / 70 = 4.6
}

func TestAWorkloadAtZeroHasNoUtilizationUntilItIsWoken(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 2}
	shared.Serve(t, w, scene.Busy{"app": 30, "istio-proxy": 65})
	shared.Scale(t, stage.HPA{For: w, Min: 0, Max: 12})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog"))
	patch(t, w, `{"spec": {"replicas": 0}}`)
	unavailable(t, w, "has no Pods: a utilization does not exist at zero Pods, and this metric alone can never wake the workload")
	shared.SetLoad(t, w, 5)
	shared.KeepsReplicas(t, w, 0)
	patch(t, w, `{"spec": {"replicas": 1}}`)
	shared.AwaitReplicas(t, w, 5, 5) // 65 · 5 / 70 = 4.6
}

func TestAgentsGoneFromMostNodesAreAnsweredByMetricsServer(t *testing.T) {
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 8}
	shared.Serve(t, w, nearlyBalanced)
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 20})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", nearlyMax, 2))
	seen := scene.Watch(t, often, shared.Maximum(w))
	shared.Strike(t, datadogsim.Fault{Kind: datadogsim.AgentsGone, Hosts: shared.MostNodes(t, w)})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("metrics-server", nearlyAverage, 2))
	shared.AwaitEvent(t, w.Namespace, w.Name, "DatadogStale", "datadog: its newest usable data are of ")
	shared.KeepsReplicas(t, w, 8)
	scene.WantSources(t, seen, "datadog", "metrics-server")

	shared.Blind(t)
	unavailable(t, w, "of 8 Pods reported container", "too few: are agents down on some nodes?", "0 of 8 Ready Pods have usable metrics")
	shared.Heal(t)
	shared.See()
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", nearlyMax, 2))
}
