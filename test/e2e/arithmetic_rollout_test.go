package e2e

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// patch changes a Deployment by a strategic merge.
func patch(t *testing.T, w stage.Workload, change string) {
	t.Helper()
	_, err := shared.Cluster.Client().AppsV1().Deployments(w.Namespace).
		Patch(t.Context(), w.Name, types.StrategicMergePatchType, []byte(change), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// addSidecar rolls out a sidecar so slowly that the rollout stops when surge
// Pods more and away Pods of the old template less are there: the new ones are
// Ready, and will be available in an hour.
func addSidecar(t *testing.T, w stage.Workload, name string, surge, away int) {
	t.Helper()
	patch(t, w, fmt.Sprintf(`{"spec": {"minReadySeconds": 3600, "progressDeadlineSeconds": 7200,
		"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": %d, "maxUnavailable": %d}},
		"template": {"spec": {"containers": [{"name": %q, "image": "none", "resources": {"requests": {"cpu": "100m"}}}]}}}}`, surge, away, name))
}

// awaitSidecar waits until so many of so many Pods have a container, and all serve.
func awaitSidecar(t *testing.T, w stage.Workload, name string, have, of int) {
	t.Helper()
	scene.Eventually(t, "the container is in as many Pods as wanted", func() error {
		now := shared.Truth(t, w)
		if got := now.Containers[name].Pods; got != have || now.Pods != of || now.Serving != of {
			return fmt.Errorf("%d of %d Pods serve and %d of them have %s, want %d of %d", now.Serving, now.Pods, got, name, have, of)
		}
		return nil
	})
}

func TestACanaryWithASidecarDoesNotScaleTheOthers(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 19}
	withCanary := w.Defaults()
	withCanary.Containers = append(withCanary.Containers, stage.Container{Name: "debugger", CPU: "100m"})
	law := scene.Busy{"app": 30, "istio-proxy": 66, "debugger": 400}
	shared.Serve(t, w, law)
	setService(t, scene.Service(withCanary, law))
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 60})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 66, 2))
	seen := scene.Watch(t, often, shared.Maximum(w))
	addSidecar(t, w, "debugger", 1, 0)
	awaitSidecar(t, w, "debugger", 1, 20)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 66*19/20., 1))
	reportedLeftOut(t, w, "debugger", "InTooFewPods")
	stays(t, w, 20)
	scene.NoneFailed(t, seen)
	for _, a := range seen.Answers() {
		if err := ofHottest("istio-proxy")(a); err != nil || a.Value() > 75 {
			t.Errorf("at %s: %v: %s", a.At.Format("15:04:05.000"), err, a)
		}
	}
}

func TestASidecarThatARolloutAddsCountsOnceHalfOfThePodsHaveIt(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 10, Containers: []stage.Container{{Name: "app", CPU: "200m"}}}
	law := scene.Busy{"app": 40, "istio-proxy": 90}
	shared.Serve(t, w, law)
	setService(t, scene.Service(stage.Workload{Namespace: w.Namespace, Name: w.Name, Replicas: w.Replicas}, law))
	shared.Scale(t, stage.HPA{For: w, Min: 10, Max: 30})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.All(scene.Reads("datadog", 40, 2), ofHottest("app")))
	seen := scene.Watch(t, often, shared.Maximum(w))

	addSidecar(t, w, "istio-proxy", 0, 4)
	awaitSidecar(t, w, "istio-proxy", 4, 10)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.All(scene.Reads("datadog", 40, 2), ofHottest("app")))
	reportedLeftOut(t, w, "istio-proxy", "InTooFewPods")
	stays(t, w, 10)
	for _, a := range seen.Answers() {
		if err := ofHottest("app")(a); err != nil {
			t.Errorf("at %s: %v: %s", a.At.Format("15:04:05.000"), err, a)
		}
	}

	addSidecar(t, w, "istio-proxy", 0, 6)
	shared.AwaitReplicas(t, w, 13, 14) // 90 · 10 / 70 = 12.9
	scene.AwaitAnswer(t, shared.Maximum(w), scene.All(scene.From("datadog"), ofHottest("istio-proxy")))
	scene.NoneFailed(t, seen)
	scene.Consistently(t, 8*time.Second, "there are 13 or 14 replicas", func() error { return shared.Between(t, w, 13, 14) })
}

func TestTheStartUpBurstOfARolloutDoesNotMoveTheReplicas(t *testing.T) {
	t.Parallel()
	w := stage.Workload{
		Namespace: shared.Namespace(t), Name: "item", Replicas: 10,
		Annotations: map[string]string{cluster.ReadyAfterAnnotation: "6s"},
	}
	law := scene.Busy{"app": 30, "istio-proxy": 65}
	shared.Serve(t, w, law)
	burning := scene.Service(w, law)
	burning.Startup = world.Burst{Cores: map[string]world.Cores{"app": 1, "istio-proxy": 0.5}, For: 5 * time.Second}
	setService(t, burning)
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 60})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 65, 2))
	seen := scene.Watch(t, often, shared.Maximum(w))
	patch(t, w, `{"spec": {"template": {"metadata": {"annotations": {"restarted": "once"}}}}}`)
	scene.Eventually(t, "it is rolled out, with ten replicas", func() error {
		if err := shared.Between(t, w, 10, 10); err != nil {
			t.Fatal(err)
		}
		return rolledOut(t, w)
	})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 65, 2))
	stays(t, w, 10)
	scene.NoneFailed(t, seen)
}

// rolledOut is an error until all Pods are those of the newest template.
func rolledOut(t *testing.T, w stage.Workload) error {
	t.Helper()
	d, err := shared.Cluster.Client().AppsV1().Deployments(w.Namespace).Get(t.Context(), w.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	want, s := *d.Spec.Replicas, d.Status
	if s.ObservedGeneration != d.Generation || s.UpdatedReplicas != want || s.AvailableReplicas != want || s.Replicas != want {
		return fmt.Errorf("of %d Pods %d are new and %d available", s.Replicas, s.UpdatedReplicas, s.AvailableReplicas)
	}
	return nil
}

func setService(t *testing.T, s world.Service) {
	t.Helper()
	if err := shared.World.SetService(s); err != nil {
		t.Fatal(err)
	}
}
