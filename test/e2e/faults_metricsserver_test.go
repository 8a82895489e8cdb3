package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

const (
	// believed is for how long a sample of metrics-server is believed in the
	// common configuration.
	believed = 15 * time.Second
	// aloneLine is logged when metrics-server has had none for as long.
	aloneLine = "metrics-server has nothing usable; Datadog answers, and nothing would if it failed"
	againLine = "metrics-server could answer again if Datadog failed"
)

// unanswered is an outage of Datadog in which each call is seen, and counted.
var unanswered = datadogsim.Fault{Kind: datadogsim.Status, Code: 503}

func TestMetricsServerFailsWhileDatadogIsWellAndThenWhileItIsAwayToo(t *testing.T) {
	for name, test := range map[string]struct {
		breaks, mends func(context.Context) error
		// says is logged while Datadog is well, and in the 503 without it.
		says string
		// failing says that calls fail; else they have nothing usable.
		failing bool
		// first is who returns first.
		first string
	}{
		"its APIService is deleted": {
			shared.Cluster.UnregisterMetricsServer, shared.Cluster.RegisterMetricsServer,
			"the cluster does not serve metrics.k8s.io/v1beta1: metrics-server is not installed or not registered", true, "metrics-server",
		},
		"its process is gone, and the API server answers 503": {
			now(shared.Cluster.StopMetricsServer), shared.Cluster.StartMetricsServer,
			"metrics.k8s.io/v1beta1 is registered but not available: metrics-server is down, starting or unreachable", true, "datadog",
		},
		"it takes connections and never answers": {
			now(shared.Cluster.FreezeMetricsServer), now(shared.Cluster.ThawMetricsServer),
			"see kubectl get apiservice v1beta1.metrics.k8s.io", true, "metrics-server",
		},
		"the kubelets never answer it": {
			kubelets(world.KubeletFault{Kind: world.KubeletHang}), kubelets(),
			"0 of 4 Ready Pods have usable metrics", false, "datadog",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
			shared.Serve(t, w, nearlyBalanced)
			shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 12})
			scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", nearlyMax, 2))
			awaitTrust(t, w)
			shared.AwaitFallback(t, w)
			calls, token := limitCalls(t), scraper(t, w.Namespace)
			failures, logged := failedReads(t, token), len(shared.Adapter.Logs())

			isWell := watchUnmoved(t, w)
			breakIt(t, test.breaks, test.mends)
			awaitTooOld(t, token, w)
			awaitLine(t, logged, aloneLine, w.Namespace, test.says)
			isWell()
			if rose := failedReads(t, token) - failures; test.failing != (rose > 0) {
				t.Errorf("crest_collections_total counts %.0f more failures of metrics-server", rose)
			}

			shared.Strike(t, unanswered)
			unavailable(t, w, "datadog: ", "answered 503", "metrics-server: ", test.says, "(since ")
			shared.SetLoad(t, w, 8)
			shared.AwaitScalingInactive(t, w, "no source has usable data", "answered 503", test.says)
			shared.KeepsReplicas(t, w, 4)
			if test.first == "datadog" {
				shared.Heal(t)
			} else if err := test.mends(t.Context()); err != nil {
				t.Fatal(err)
			}
			scene.AwaitAnswer(t, shared.Maximum(w), scene.From(test.first))
			shared.AwaitReplicas(t, w, 7, 8)
			calls()
			_ = test.mends(t.Context()) // an error where that is done
			shared.Heal(t)
			awaitLine(t, logged, againLine, w.Namespace)
		})
	}
}

// Faults of single Pods, side by side: each workload has one of its own.
func TestMetricsServerHasTooLittleOfSomeWorkloads(t *testing.T) {
	item := func(name string) stage.Workload {
		return stage.Workload{Namespace: shared.Namespace(t), Name: name, Kind: "StatefulSet", Replicas: 4}
	}
	empty, most, one, stale := item("empty"), item("most"), item("one"), item("stale")
	workloads := []stage.Workload{empty, most, one, stale}
	for _, w := range workloads {
		shared.Serve(t, w, nearlyBalanced)
		shared.Scale(t, stage.HPA{For: w, Min: 4, Max: 4})
	}
	for _, w := range workloads {
		scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", nearlyMax, 2))
		shared.AwaitFallback(t, w)
	}
	calls, token, logged := limitCalls(t), scraper(t, empty.Namespace), len(shared.Adapter.Logs())
	drop := func(w stage.Workload, pods string) world.KubeletFault {
		return world.KubeletFault{Kind: world.KubeletDrop, Namespace: w.Namespace, PodPrefix: pods}
	}
	seen := map[string]*stage.Watch{}
	for _, w := range workloads {
		seen[w.Name] = scene.Watch(t, often, shared.Maximum(w))
	}
	breakIt(t, kubelets(drop(empty, ""), drop(most, "most-0"), drop(most, "most-1"), drop(most, "most-2"), drop(one, "one-0"),
		world.KubeletFault{Kind: world.KubeletStale, Namespace: stale.Namespace}), kubelets())
	says := map[string]string{
		empty.Name: "0 of 4 Ready Pods have usable metrics",
		most.Name:  "1 of 4 Ready Pods have usable metrics",
		stale.Name: "0 of 4 Ready Pods have usable metrics",
	}
	for _, w := range workloads {
		if says[w.Name] != "" {
			awaitTooOld(t, token, w)
		}
	}
	awaitLine(t, logged, aloneLine, " of 4 Ready Pods have usable metrics")
	// Three Pods stand for four.
	scene.AwaitAnswer(t, shared.Metric(one, stage.PodAverage), scene.Reads("metrics-server", nearlyAverage, 2))
	for _, w := range workloads {
		scene.WantSources(t, seen[w.Name], "datadog")
		staysNear(t, seen[w.Name], nearlyMax, 2)
	}

	shared.Strike(t, unanswered)
	for _, w := range workloads {
		if says[w.Name] != "" {
			unavailable(t, w, "answered 503", "metrics-server: ", says[w.Name], "(since ")
		}
	}
	scene.AwaitAnswer(t, shared.Maximum(one), scene.Reads("metrics-server", nearlyAverage, 2))
	shared.See()
	for _, w := range workloads {
		scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("metrics-server", nearlyAverage, 2))
	}
	calls()
}

// now is for what does not wait.
func now(act func() error) func(context.Context) error {
	return func(context.Context) error { return act() }
}

// kubelets sets the faults of the kubelets, or none.
func kubelets(faults ...world.KubeletFault) func(context.Context) error {
	return now(func() error { shared.World.SetKubeletFaults(faults...); return nil })
}

// breakIt breaks something until the end of the test at the latest, which must
// be a serial one.
func breakIt(t *testing.T, breaks, mends func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() { _ = mends(context.Background()) }) // an error where it is mended already
	if err := breaks(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// watchUnmoved watches a workload that nothing may move. The function that it
// returns reports what did.
func watchUnmoved(t *testing.T, w stage.Workload) (check func()) {
	t.Helper()
	seen, spec := scene.Watch(t, often, shared.Maximum(w)), generation(t, w)
	return func() {
		t.Helper()
		scene.WantSources(t, seen, "datadog")
		staysNear(t, seen, nearlyMax, 2)
		if moved := generation(t, w) - spec; moved != 0 {
			t.Errorf("its replicas were changed %d times", moved)
		}
	}
}

// awaitTooOld waits until the adapter's metrics tell that metrics-server has
// nothing of a workload that could stand in for Datadog.
func awaitTooOld(t *testing.T, token string, w stage.Workload) {
	t.Helper()
	scene.Eventually(t, "the adapter's metric says how old the sample is", func() error {
		age, err := sampleAge(scrape(t, token), w, "metrics-server")
		if err == nil && age <= believed.Seconds() {
			return fmt.Errorf("crest_sample_age_seconds of metrics-server is %.1f", age)
		}
		return err
	})
}

// awaitLine waits for a line of the adapter's log, after so many bytes, that
// says all of this.
func awaitLine(t *testing.T, after int, says ...string) {
	t.Helper()
	scene.Eventually(t, "the log says it", func() error {
		for _, line := range strings.Split(shared.Adapter.Logs()[after:], "\n") {
			if scene.SaysAll(line, says...) == nil {
				return nil
			}
		}
		return fmt.Errorf("no line of the log says all of %q", says)
	})
}

// sampleAge is the age of the newest good sample of a workload, in seconds.
func sampleAge(families map[string]*dto.MetricFamily, w stage.Workload, source string) (float64, error) {
	for _, m := range families["crest_sample_age_seconds"].GetMetric() {
		family := &dto.MetricFamily{Metric: []*dto.Metric{m}}
		if hasLabel(family, `namespace="`+w.Namespace+`"`) && hasLabel(family, `name="`+w.Name+`"`) && hasLabel(family, `source="`+source+`"`) {
			return m.GetGauge().GetValue(), nil
		}
	}
	return 0, fmt.Errorf("there is no crest_sample_age_seconds of %s from %s", w.Name, source)
}

// failedReads counts the collections from metrics-server that failed.
func failedReads(t *testing.T, token string) float64 {
	t.Helper()
	failed := 0.0
	for _, m := range scrape(t, token)["crest_collections_total"].GetMetric() {
		family := &dto.MetricFamily{Metric: []*dto.Metric{m}}
		if hasLabel(family, `source="metrics-server"`) && hasLabel(family, `outcome="failed"`) {
			failed += m.GetCounter().GetValue()
		}
	}
	return failed
}
