package outages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/stage"
)

func TestPermissionsThatAreTakenAwayAreMissedAndComeBackWithoutARestart(t *testing.T) {
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	pid := shared.Adapter.Pid()

	takePermissions(t)
	// Watches live on, and Datadog needs no permission.
	seen := watch(t, 200*time.Millisecond, through(w))
	awaitAnswer(t, through(w), reads("datadog", "istio-proxy", 70))
	// What is new would have to be asked for.
	other := stage.Workload{Namespace: w.Namespace, Name: "other", Replicas: 2}
	create(t, other, atTarget)
	awaitAnswer(t, through(other), fails(503, "reading its scale", `let Crest's ServiceAccount "get" deployments/scale`))
	noneFailed(t, seen)

	strike(t)
	awaitAnswer(t, through(w), fails(503, "refuses connections",
		"Crest may not list PodMetrics in namespace", `let its ServiceAccount "list" pods of the API group metrics.k8s.io`))
	setLoad(t, w, 6)
	keepsReplicas(t, w, 4)

	if err := shared.Cluster.ApplyManifests(t.Context()); err != nil {
		t.Fatal(err)
	}
	awaitAnswer(t, through(w), func(a stage.Answer) error { return within("the value", a.Value(), 70, 0) })
	heal(t)
	awaitReplicas(t, w, 6)
	awaitAnswer(t, through(w), reads("datadog", "istio-proxy", 70))
	awaitAnswer(t, through(other), reads("datadog", "istio-proxy", 70))
	if shared.Adapter.Pid() != pid || ended(shared.Adapter.Done()) {
		t.Error("the adapter was restarted")
	}
}

func TestPodsThatCannotBeFollowedAnyMoreAreNotCounted(t *testing.T) {
	const maxAge = 10 * time.Second
	reconfigure(t, stage.Config{Datadog: map[string]any{"maxAge": maxAge.String()}})
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	pid := shared.Adapter.Pid()
	takePermissions(t)
	seen := watch(t, 200*time.Millisecond, asAdmin(t, shared.Adapter, w))

	ended := time.Now()
	takeAway(t, shared.Cluster.StopAPIServer, shared.Cluster.StartAPIServer) // with it go the watches
	if err := shared.Cluster.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost := fails(503, "Crest has not been able to follow", "since "+ended.UTC().Format("2006-01-02T"),
		"is forbidden", `let Crest's ServiceAccount "list" and "watch" them`, "the HPA keeps its replicas")
	awaitAnswer(t, through(w), lost)
	for _, a := range seen.Failed() {
		if after := a.At.Sub(ended); after < maxAge {
			t.Errorf("%s after the watches ended: %s", after.Round(time.Millisecond), a)
		}
	}

	setLoad(t, w, 6)
	eventually(t, "the HPA says why it does not scale", func() error { return hpaSays(t, w, "has not been able to follow", "is forbidden") })
	keepsReplicas(t, w, 4)
	if err := lost(through(w)(t.Context())); err != nil {
		t.Error(err)
	}
	if err := status(t, shared.Adapter, "/readyz", http.StatusOK); err != nil {
		t.Errorf("its message would not be read: %v", err)
	}

	if err := shared.Cluster.ApplyManifests(t.Context()); err != nil {
		t.Fatal(err)
	}
	reaches(t, w, 6)
	keepsReplicas(t, w, 6)
	awaitAnswer(t, through(w), reads("datadog", "istio-proxy", 70))
	if shared.Adapter.Pid() != pid {
		t.Error("the adapter was restarted")
	}
}

// reaches waits until the HPA has scaled the workload, and never beyond.
func reaches(t *testing.T, w stage.Workload, want int32) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d replicas, and never more", want), func() error {
		n, err := scale(t, w)
		if err == nil && n > want {
			t.Fatalf("there are %d replicas", n)
		}
		return errors.Join(err, replicas(t, w, want))
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

// reconfigure restarts the adapter with another configuration for this test.
func reconfigure(t *testing.T, c stage.Config) {
	t.Helper()
	t.Cleanup(func() {
		if err := shared.Reconfigure(context.Background(), patient); err != nil {
			t.Errorf("the adapter of the other tests does not start: %v", err)
		}
	})
	if err := shared.Reconfigure(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// hpaSays is an error unless the HPA of a workload is inactive and says all of
// this about it.
func hpaSays(t *testing.T, w stage.Workload, phrases ...string) error {
	t.Helper()
	h, err := shared.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers(w.Namespace).Get(t.Context(), w.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading the HPA: %w", err)
	}
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive && c.Status == corev1.ConditionFalse {
			return saysAll(c.Message, phrases...)
		}
	}
	return fmt.Errorf("its conditions are %v", h.Status.Conditions)
}
