package outages

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

func TestPermissionsThatAreTakenAwayAreMissedAndComeBackWithoutARestart(t *testing.T) {
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	pid := shared.Adapter.Pid()

	takePermissions(t)
	// Watches live on, and Datadog needs no permission.
	seen := scene.Watch(t, 200*time.Millisecond, shared.Maximum(w))
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
	// What is new would have to be asked for.
	other := stage.Workload{Namespace: w.Namespace, Name: "other", Replicas: 2}
	shared.Create(t, other, atTarget)
	scene.AwaitAnswer(t, shared.Maximum(other), scene.Fails(503, "reading its scale", `let Crest's ServiceAccount "get" deployments/scale`))
	scene.NoneFailed(t, seen)

	shared.Strike(t, refusing)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Fails(503, "refuses connections",
		"Crest may not list PodMetrics in namespace", `let its ServiceAccount "list" pods of the API group metrics.k8s.io`))
	shared.SetLoad(t, w, 6)
	shared.KeepsReplicas(t, w, 4)

	if err := shared.Cluster.ApplyManifests(t.Context()); err != nil {
		t.Fatal(err)
	}
	scene.AwaitAnswer(t, shared.Maximum(w), func(a stage.Answer) error { return scene.Within("the value", a.Value(), 70, 0) })
	shared.Heal(t)
	shared.AwaitReplicas(t, w, 6, 6)
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
	scene.AwaitAnswer(t, shared.Maximum(other), reads("datadog", "istio-proxy", 70))
	if shared.Adapter.Pid() != pid || ended(shared.Adapter.Done()) {
		t.Error("the adapter was restarted")
	}
}

func TestPodsThatCannotBeFollowedAnyMoreAreNotCounted(t *testing.T) {
	const maxAge = 10 * time.Second
	shared.Configure(t, stage.Config{Datadog: map[string]any{"maxAge": maxAge.String()}})
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	pid := shared.Adapter.Pid()
	takePermissions(t)
	seen := scene.Watch(t, 200*time.Millisecond, shared.AsAdmin(t, shared.Adapter, w))

	ended := time.Now()
	takeAway(t, shared.Cluster.StopAPIServer, shared.Cluster.StartAPIServer) // with it go the watches
	if err := shared.Cluster.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost := scene.Fails(503, "Crest has not been able to follow", "since "+ended.UTC().Format("2006-01-02T"),
		"is forbidden", `let Crest's ServiceAccount "list" and "watch" them`, "the HPA keeps its replicas")
	scene.AwaitAnswer(t, shared.Maximum(w), lost)
	for _, a := range seen.Failed() {
		if after := a.At.Sub(ended); after < maxAge {
			t.Errorf("%s after the watches ended: %s", after.Round(time.Millisecond), a)
		}
	}

	shared.SetLoad(t, w, 6)
	shared.AwaitScalingInactive(t, w, "has not been able to follow", "is forbidden")
	shared.KeepsReplicas(t, w, 4)
	if err := lost(shared.Maximum(w)(t.Context())); err != nil {
		t.Error(err)
	}
	if err := status(t, shared.Adapter, "/readyz", http.StatusOK); err != nil {
		t.Errorf("its message would not be read: %v", err)
	}

	if err := shared.Cluster.ApplyManifests(t.Context()); err != nil {
		t.Fatal(err)
	}
	reaches(t, w, 6)
	shared.KeepsReplicas(t, w, 6)
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
	if shared.Adapter.Pid() != pid {
		t.Error("the adapter was restarted")
	}
}

// reaches waits until the HPA has scaled the workload, and never beyond.
func reaches(t *testing.T, w stage.Workload, want int) {
	t.Helper()
	scene.Eventually(t, fmt.Sprintf("%d replicas, and never more", want), func() error {
		if n := shared.Replicas(t, w); n > want {
			t.Fatalf("there are %d replicas", n)
		}
		return shared.Between(t, w, want, want)
	})
}

// takePermissions takes from the adapter what its manifests grant it, until
// these are applied again, at the latest at the end of the test.
func takePermissions(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { _ = shared.Cluster.ApplyManifests(context.Background()) }) // the context of the test has ended
	err := shared.Cluster.Client().RbacV1().ClusterRoleBindings().Delete(t.Context(), cluster.AdapterName, metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
}
