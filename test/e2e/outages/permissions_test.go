package outages

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/stage"
)

func TestPermissionsThatAreTakenAwayAreMissedAndComeBackWithoutARestart(t *testing.T) {
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	pid := shared.Adapter.Pid()

	t.Cleanup(func() { _ = shared.Cluster.ApplyManifests(context.Background()) }) // the context of the test has ended
	err := shared.Cluster.Client().RbacV1().ClusterRoleBindings().Delete(t.Context(), cluster.AdapterName, metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
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
