package e2e

import (
	"testing"

	"github.com/crest-hpa/crest/test/datadogsim"
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
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 10}
	law := busy{"app": 30, "istio-proxy": 65}
	serve(t, w, law)
	throttled := service(w, law)
	throttled.Limit = map[string]world.Cores{"istio-proxy": 0.1} // 100 %
	setService(t, throttled)
	scale(t, stage.HPA{For: w, Min: 2, Max: 20})
	awaitAnswer(t, w, reads("datadog", 65, 2))
	seen := watch(t, w)

	setReady(t, w, 5, false)
	// Datadog's mean is over all Pods, half of which idle: 50 %. And the HPA
	// would multiply what the others need, 100 / 70, by five.
	awaitAnswer(t, w, all(reads("metrics-server", 70, 0), adjusted("held", "TooFewReady", 100, 2)))
	keepsReplicas(t, w, 10)

	setReady(t, w, 10, true)
	awaitAnswer(t, w, reads("datadog", 65, 2))
	keepsReplicas(t, w, 10)
	noneFailed(t, seen)
}

func TestNoPodReadyHoldsTheReplicasUntilOneIs(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 3}
	serve(t, w, busy{"app": 30, "istio-proxy": 65})
	scale(t, stage.HPA{For: w, Min: 1, Max: 12})
	awaitAnswer(t, w, reads("datadog", 65, 2))
	setReady(t, w, 3, false)
	const says = "none of its 3 Pods is Ready (3: readiness probe of app); see kubectl get pods"
	unavailable(t, w, says)
	awaitScalingInactive(t, w, says)
	keepsReplicas(t, w, 3)
	setLoad(t, w, 5)
	setReady(t, w, 3, true)
	eventually(t, patience, func() error { return between(t, w, 5, 5) }) // 65 · 5 / 70 = 4.6
}

func TestAWorkloadAtZeroHasNoUtilizationUntilItIsWoken(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 2}
	serve(t, w, busy{"app": 30, "istio-proxy": 65})
	scale(t, stage.HPA{For: w, Min: 0, Max: 12})
	awaitAnswer(t, w, from("datadog"))
	patch(t, w, `{"spec": {"replicas": 0}}`)
	unavailable(t, w, "has no Pods: a utilization does not exist at zero Pods, and this metric alone can never wake the workload")
	setLoad(t, w, 5)
	keepsReplicas(t, w, 0)
	patch(t, w, `{"spec": {"replicas": 1}}`)
	eventually(t, patience, func() error { return between(t, w, 5, 5) }) // 65 · 5 / 70 = 4.6
}

func TestAgentsGoneFromMostNodesAreAnsweredByMetricsServer(t *testing.T) {
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 8}
	serve(t, w, nearlyBalanced)
	scale(t, stage.HPA{For: w, Min: 2, Max: 20})
	awaitAnswer(t, w, reads("datadog", nearlyMax, 2))
	seen := watch(t, w)
	strike(t, datadogsim.Fault{Kind: datadogsim.AgentsGone, Hosts: mostNodes(t, w)})
	awaitAnswer(t, w, reads("metrics-server", nearlyAverage, 2))
	awaitEvent(t, w.Namespace, w.Name, "DatadogStale", "datadog: its newest usable data are of ")
	keepsReplicas(t, w, 8)
	wantSources(t, seen, "datadog", "metrics-server")

	blind(t)
	unavailable(t, w, "of 8 Pods reported container", "too few: are agents down on some nodes?", "0 of 8 Ready Pods have usable metrics")
	heal(t)
	see()
	awaitAnswer(t, w, reads("datadog", nearlyMax, 2))
}

// mostNodes are all nodes of a workload's Pods except the one with the fewest.
func mostNodes(t *testing.T, w stage.Workload) []string {
	t.Helper()
	on := map[string]int{}
	for _, p := range podsOf(t, w) {
		on[p.Spec.NodeName]++
	}
	fewest := ""
	for node, pods := range on {
		if fewest == "" || pods < on[fewest] {
			fewest = node
		}
	}
	if 2*on[fewest] >= int(w.Replicas) {
		t.Fatalf("the Pods are on %v: too few nodes to take most of them away", on)
	}
	delete(on, fewest)
	var nodes []string
	for node := range on {
		nodes = append(nodes, node)
	}
	return nodes
}
