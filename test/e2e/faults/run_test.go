package faults

import (
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// every is how often each workload is read through the aggregator.
const every = 200 * time.Millisecond

// trial is one row while it is played.
type trial struct {
	*company
	row
	// watches are of the workloads, in their order.
	watches []*stage.Watch
	// before is what there was when it began.
	before struct {
		metrics     scene.Metrics
		log         int
		generations []int64
	}
	struck, healed time.Time
	calls          int // while it lasted
}

// run plays the rows of a table one after another.
func (c *company) run(t *testing.T, rows map[string]row) {
	t.Helper()
	for name, r := range rows {
		t.Run(name, func(t *testing.T) { c.try(t, r) })
	}
}

func (c *company) try(t *testing.T, r row) {
	t.Helper()
	c.rest(t)
	trial := c.begin(t, r)
	trial.wait(t)
	trial.end(t)
	trial.check(t)
}

// begin looks around, and strikes.
func (c *company) begin(t *testing.T, r row) *trial {
	t.Helper()
	x := &trial{company: c, row: r}
	x.before.log = len(c.Adapter.Logs())
	for _, w := range c.workloads {
		x.before.generations = append(x.before.generations, c.generation(t, w))
		x.watches = append(x.watches, scene.Watch(t, every, c.Maximum(w)))
	}
	t.Cleanup(func() {
		if t.Failed() {
			c.DumpSources(t)
		}
	})
	x.before.metrics = c.Metrics(t)
	x.struck = time.Now()
	c.strike(t, r)
	return x
}

// wait lasts until the fault has met enough calls and, where it takes a source
// away, the HPAs have read the other one.
func (x *trial) wait(t *testing.T) {
	t.Helper()
	scene.Eventually(t, "the fault has met its calls, and the HPAs have read what follows", func() error {
		if n := x.callsSoFar(t); n < x.enough() {
			return fmt.Errorf("it has met %d calls, of %d", n, x.enough())
		}
		for i, w := range x.workloads {
			if !x.falls(i) {
				continue
			}
			if _, ok := scene.FirstFrom(x.watches[i], "metrics-server", x.struck); !ok {
				return fmt.Errorf("metrics-server does not answer for %s", w.Name)
			}
			if err := x.HPAReads(t, w, average, off/2); err != nil {
				return err
			}
		}
		return nil
	})
}

// enough is how many calls the fault is to meet.
func (x *trial) enough() int {
	switch {
	case x.row.calls > 0:
		return x.row.calls
	case x.then == nothingChanges:
		return 5
	default:
		return 3
	}
}

// falls says whether a workload is to lose Datadog.
func (x *trial) falls(i int) bool {
	return x.then != nothingChanges && (i == 0 || !x.alone)
}

// end heals, and waits until Datadog answers again.
func (x *trial) end(t *testing.T) {
	t.Helper()
	x.calls = x.callsSoFar(t)
	x.healed = time.Now()
	x.heal(t, x.row)
	scene.Eventually(t, "Datadog answers again", func() error {
		for i, w := range x.workloads {
			if _, ok := scene.FirstFrom(x.watches[i], "datadog", x.healed); !ok {
				return fmt.Errorf("it does not for %s", w.Name)
			}
		}
		return nil
	})
	for _, seen := range x.watches {
		seen.Stop()
	}
}

// callsSoFar counts the calls since the fault began that are over: those that
// the simulator has seen or, of a fault that keeps them from reaching it, those
// that the adapter has counted.
func (x *trial) callsSoFar(t *testing.T) int {
	t.Helper()
	if x.way == open && x.fault.Kind != datadogsim.Refuse {
		return len(x.requests(x.struck, time.Now()))
	}
	const counter = "crest_datadog_requests_total"
	return int(x.Metrics(t).Sum(counter, nil) - x.before.metrics.Sum(counter, nil))
}

// requests are those that reached the simulator in a span, and are finished.
func (h *theatre) requests(begin, end time.Time) []datadogsim.Request {
	return slices.DeleteFunc(h.Datadog.Requests(), func(r datadogsim.Request) bool {
		return r.Time.Before(begin) || r.Time.After(end)
	})
}

// generation changes with each change of a Deployment's replicas.
func (c *company) generation(t *testing.T, w stage.Workload) int64 {
	t.Helper()
	d, err := c.Cluster.Client().AppsV1().Deployments(w.Namespace).Get(t.Context(), w.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Generation
}
