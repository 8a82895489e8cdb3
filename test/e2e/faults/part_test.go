package faults

import (
	"slices"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// part are faults of the workload item, or of a part of it.
var part = map[string]row{
	"one workload is missing": {
		fault: datadogsim.Fault{Kind: datadogsim.Missing, Workload: "item"}, then: dataAge, alone: true,
		says: "datadog: its answers hold nothing of this workload",
	},
	"one container is missing": {
		fault: datadogsim.Fault{Kind: datadogsim.Missing, Workload: "item", Container: "app"}, then: dataAge, alone: true, says: "no fresh usage of container app",
	},
	"its tags read N/A": {
		fault: datadogsim.Fault{Kind: datadogsim.Untagged, Workload: "item"}, then: dataAge, alone: true, says: "do its series carry the workload's tag?",
	},
	"its data stop advancing": {
		fault: datadogsim.Fault{Kind: datadogsim.Frozen, Workload: "item"}, then: dataAge, alone: true, says: "datadog: its newest usable data are of",
	},
	"two clusters have one name": {
		fault: datadogsim.Fault{Kind: datadogsim.TwoClusters, Workload: "item"}, then: dataAge, alone: true, says: "do two clusters have one name?",
	},
}

func TestPartOfTheData(t *testing.T) {
	t.Parallel()
	c := proxied.play(t, "item", "cart")
	c.run(t, part)
	t.Run("the agents are gone from most of its nodes", func(t *testing.T) {
		gone := datadogsim.Fault{Kind: datadogsim.AgentsGone, Workload: "item", Hosts: c.mostNodes(t, c.workloads[0])}
		c.try(t, row{fault: gone, then: dataAge, alone: true, says: "too few: are agents down on some nodes?"})
	})
}

// mostNodes are all nodes of a workload's Pods except the one with the fewest.
func (c *company) mostNodes(t *testing.T, w stage.Workload) []string {
	t.Helper()
	on := map[string]int{}
	for _, p := range c.Pods(t, w) {
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

func TestOneBatchOfTwoFails(t *testing.T) {
	t.Parallel()
	direct.take(t)
	direct.Configure(t, stage.Config{Datadog: map[string]any{"maxWorkloadsPerQuery": 2}})
	// Twice as many calls as with one batch.
	direct.Datadog.SetRateLimit(datadogsim.RateLimit{Name: limit.Name, Limit: 2 * limit.Limit, Period: limit.Period})
	t.Cleanup(func() { direct.Datadog.SetRateLimit(limit) })
	c := direct.cast(t, "anchor", "bell", "cart", "drum") // two batches, in this order
	var watches []*stage.Watch
	var generations []int64
	for _, w := range c.workloads {
		watches = append(watches, scene.Watch(t, every, c.Maximum(w)))
		generations = append(generations, c.generation(t, w))
	}
	struck := time.Now()
	c.Strike(t, datadogsim.Fault{Kind: datadogsim.Status, Code: 500, Namespace: c.namespace, Workload: "cart"})
	refused := func(r datadogsim.Request) bool { return r.Status == 500 }
	if err := c.Datadog.WaitFor(t.Context(), struck, 4, refused); err != nil {
		t.Fatal(err)
	}
	healed := time.Now()
	c.Heal(t)

	both := []string{"datadog", "metrics-server", "datadog"}
	for i, want := range [][]string{{"datadog"}, {"datadog"}, both, both} {
		scene.WantSources(t, watches[i], want...)
		if c.generation(t, c.workloads[i]) != generations[i] {
			t.Errorf("%s: the replicas have changed, though its load has not", c.workloads[i].Name)
		}
	}
	failed, good := 0, 0
	for _, r := range slices.DeleteFunc(c.Datadog.Requests(), func(r datadogsim.Request) bool { return r.Time.Before(struck) || r.Time.After(healed) }) {
		if refused(r) {
			failed++
		} else {
			good++
		}
	}
	lasted := healed.Sub(struck)
	mayFail, mayBeGood := row{then: callsFail}.allowed(lasted), row{}.allowed(lasted)
	t.Logf("measured: in %.1fs %d calls of one batch failed, %d are allowed; %d of the other were good, %d are allowed",
		lasted.Seconds(), failed, mayFail, good, mayBeGood)
	if failed > mayFail || good > mayBeGood {
		t.Error("those are more than intervals and retries allow")
	}
}
