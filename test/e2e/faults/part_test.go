package faults

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
		fault: datadogsim.Fault{Kind: datadogsim.Untagged, Workload: "item"}, then: dataAge, alone: true, says: "do their series carry the workload's tag?",
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
		gone := datadogsim.Fault{Kind: datadogsim.AgentsGone, Workload: "item", Hosts: c.MostNodes(t, c.workloads[0])}
		c.try(t, row{fault: gone, then: dataAge, alone: true, says: "datadog: its newest usable data are of"})
	})
}

func TestOneBatchOfTwoFails(t *testing.T) {
	t.Parallel()
	direct.take(t)
	direct.Configure(t, stage.Config{Datadog: map[string]any{"maxWorkloadsPerQuery": 50}})
	// Twice as many calls as with one batch.
	direct.Datadog.SetRateLimit(datadogsim.RateLimit{Name: limit.Name, Limit: 2 * limit.Limit, Period: limit.Period})
	t.Cleanup(func() { direct.Datadog.SetRateLimit(limit) })
	// A batch is a half of the workloads, sorted by name.
	c := direct.cast(t, "anchor", "bell", "yard", "zone")
	c.fill(t, 47)
	c.awaitBatches(t, 2)

	var watches []*stage.Watch
	var generations []int64
	for _, w := range c.workloads {
		watches = append(watches, scene.Watch(t, every, c.Maximum(w)))
		generations = append(generations, c.generation(t, w))
	}
	struck := time.Now()
	c.Strike(t, datadogsim.Fault{Kind: datadogsim.Status, Code: 500, Workload: "zone"})
	refused := func(r datadogsim.Request) bool { return r.Status == 500 }
	if err := c.Datadog.WaitFor(t.Context(), struck, storm, refused); err != nil {
		t.Fatal(err)
	}
	healed := time.Now()
	c.Heal(t)

	both := []string{"datadog", "metrics-server", "datadog"}
	for i, want := range [][]string{{"datadog"}, {"datadog"}, both, both} {
		scene.WantSources(t, watches[i], want...)
		for _, a := range watches[i].Answers() {
			if err := right(a); a.OK() && err != nil {
				t.Errorf("%s at %s: %v; the answer is %s", c.workloads[i].Name, clock(a.At), err, a)
			}
		}
		if c.generation(t, c.workloads[i]) != generations[i] {
			t.Errorf("%s: the replicas have changed, though its load has not", c.workloads[i].Name)
		}
	}
	all := c.requests(struck, healed)
	good := len(slices.DeleteFunc(slices.Clone(all), refused))
	failed, lasted := len(all)-good, healed.Sub(struck)
	mayFail, mayBeGood := row{then: callsFail}.allowed(lasted), row{}.allowed(lasted)
	t.Logf("measured: in %.1fs %d calls of one batch failed, %d are allowed; %d of the other were good, %d are allowed",
		lasted.Seconds(), failed, mayFail, good, mayBeGood)
	if failed > mayFail || good > mayBeGood {
		t.Error("those are more than intervals and retries allow")
	}
}

// fill adds workloads that are asleep, and an HPA for each.
func (c *company) fill(t *testing.T, workloads int) {
	t.Helper()
	for i := range workloads {
		w := stage.Workload{Namespace: c.namespace, Name: fmt.Sprintf("filler-%02d", i)}
		if err := c.Apply(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		c.Scale(t, stage.HPA{For: w, Min: 1, Max: 2})
	}
}

// awaitBatches waits until no call is about all workloads, and as many calls as
// there are batches are made in one interval.
func (c *company) awaitBatches(t *testing.T, batches int) {
	t.Helper()
	first, last := c.workloads[0].Name, c.workloads[len(c.workloads)-1].Name
	scene.Eventually(t, fmt.Sprintf("a collection is %d calls", batches), func() error {
		requests := c.requests(time.Now().Add(-2*interval), time.Now())
		for _, r := range requests {
			if text := strings.Join(r.Queries, " "); strings.Contains(text, first) == strings.Contains(text, last) {
				return errors.New("a call is about the first and the last workload, or about neither")
			}
		}
		if len(requests) < 2*batches-1 {
			return fmt.Errorf("in two intervals there were %d calls", len(requests))
		}
		return c.seemToRest(t)
	})
}
