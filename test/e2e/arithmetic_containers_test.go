package e2e

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// ofHottest wants the value of this container, however it was adjusted.
func ofHottest(name string) func(stage.Answer) error {
	return func(a stage.Answer) error {
		if got := a.Label("container"); got != name {
			return fmt.Errorf("the hottest container is %q, want %q", got, name)
		}
		return nil
	}
}

// podsOf are the Pods of a workload that are not being deleted.
func podsOf(t *testing.T, w stage.Workload) []corev1.Pod {
	t.Helper()
	return slices.DeleteFunc(shared.Pods(t, w), func(p corev1.Pod) bool { return p.DeletionTimestamp != nil })
}

func TestAContainerWithoutARequestIsLeftOut(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4, Containers: []stage.Container{
		{Name: "app", CPU: "200m"}, {Name: "istio-proxy", CPU: "100m"}, {Name: "logger"},
	}}
	shared.Serve(t, w, scene.Busy{"app": 30, "istio-proxy": 65, "logger": 900})
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 12})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.All(scene.Reads("datadog", 65, 2), ofContainer("istio-proxy")))
	each := shared.Metric(w, stage.Containers)(t.Context())
	if len(each.Items) != 2 {
		t.Fatalf("want app and istio-proxy, and the answer is %s", each)
	}
	for i, want := range []struct {
		name  string
		value float64
	}{{"app", 30}, {"istio-proxy", 65}} {
		if got := each.Items[i].MetricLabels["container"]; got != want.name {
			t.Errorf("item %d is of %q, want %q", i, got, want.name)
		}
		if err := scene.Within(want.name, each.Items[i].Value.AsApproximateFloat64(), want.value, 2); err != nil {
			t.Error(err)
		}
	}
	stays(t, w, 4)
	reportedLeftOut(t, w, "logger", "NoRequest")
}

// reportedLeftOut waits until the adapter's metrics name exactly this
// container of the workload's as one that is not measured.
func reportedLeftOut(t *testing.T, w stage.Workload, container, reason string) {
	t.Helper()
	token := scraper(t, w.Namespace)
	want := map[string]string{
		"namespace": w.Namespace, "kind": "deployment", "name": w.Name, "containers": "",
		"container": container, "reason": reason,
	}
	scene.Eventually(t, "the metric tells which containers are left out", func() error {
		var found []map[string]string
		for _, m := range scrape(t, token)["crest_container_left_out"].GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["namespace"] == w.Namespace {
				found = append(found, labels)
			}
		}
		if len(found) != 1 || !maps.Equal(found[0], want) {
			return fmt.Errorf("crest_container_left_out has %v, want %v", found, want)
		}
		return nil
	})
}

func TestAContainerThatDatadogNeverReportsIsMeasuredByMetricsServer(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	if err := shared.Datadog.SetFault(datadogsim.Fault{Kind: datadogsim.Missing, Namespace: w.Namespace, Container: "istio-proxy"}); err != nil {
		t.Fatal(err)
	}
	// The average of these is 42: only a maximum can raise the replicas.
	shared.Serve(t, w, scene.Busy{"app": 15, "istio-proxy": 96})
	shared.Scale(t, stage.HPA{For: w, Min: 4, Max: 12})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog")) // a container may be new to Datadog
	seen := scene.Watch(t, often, shared.Maximum(w))
	scene.AwaitAnswer(t, shared.Maximum(w), scene.All(scene.From("metrics-server"), ofContainer("istio-proxy")))
	shared.AwaitServing(t, w, 6) // 96 · 4 / 70 = 5.5
	shared.AwaitEvent(t, w.Namespace, w.Name, "ContainerSilent", "container istio-proxy has never been reported", "do the agents exclude it?")
	scene.NoneFailed(t, seen)
	stays(t, w, 6)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("metrics-server", 64, 2))
}

func TestARolloutThatChangesTheRequestsIsMeasuredByThoseOfThePods(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 8}
	shared.Serve(t, w, scene.Busy{"app": 20, "istio-proxy": 80})
	shared.Scale(t, stage.HPA{For: w, Target: 80, Min: 8, Max: 20})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 80, 2))
	seen := scene.Watch(t, often, shared.Maximum(w))
	patch(t, w, `{"spec": {"template": {"spec": {"containers": [{"name": "istio-proxy", "resources": {"requests": {"cpu": "200m"}}}]}}}}`)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.All(scene.Reads("datadog", 40, 2), ofHottest("istio-proxy")))
	stays(t, w, 8)
	scene.NoneFailed(t, seen)
	for _, a := range seen.Answers() {
		// A quarter of the Pods may be away meanwhile, and those that have just
		// started have idled for a moment, of which a late look of an agent
		// takes in more.
		if v := a.Value(); v < 15 || v > 110 {
			t.Errorf("at %s: %s", a.At.Format("15:04:05.000"), a)
		}
	}
}

func TestAResizeInPlaceCountsWhenItIsReal(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 3}
	shared.Serve(t, w, scene.Busy{"app": 20, "istio-proxy": 66})
	shared.Scale(t, stage.HPA{For: w, Min: 3, Max: 12})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 66, 2))
	resize := func(actuated bool) {
		t.Helper()
		for _, p := range podsOf(t, w) {
			if err := shared.Cluster.Resize(t.Context(), w.Namespace, p.Name, "istio-proxy", resource.MustParse("200m"), actuated); err != nil {
				t.Fatal(err)
			}
		}
	}
	resize(false)
	scene.Consistently(t, 8*time.Second, "the value is that of the old request", func() error {
		return scene.Within("the value of a deferred resize", shared.Metric(w, stage.Max)(t.Context()).Value(), 66, 2)
	})
	resize(true)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 33, 2))
}
