package outages

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
)

func TestAnHPAThatIsChangedAndDeletedIsFollowed(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	b := busy{"istio-proxy": 66, "app": 36}
	h := serve(t, w, b, "istio-proxy")
	keepsReplicas(t, w, 4)

	h.Target = 45
	if err := shared.ApplyHPA(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	awaitReplicas(t, w, 6) // 4 · 66 / 45, rounded up
	awaitAnswer(t, through(w), reads("datadog", "istio-proxy", 44))

	h.Selector = w.Selector() + ",container=app"
	if err := shared.ApplyHPA(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	awaitAnswer(t, asking(w, h.Selector), reads("datadog", "app", 36))
	awaitReplicas(t, w, 4) // 6 · 24 / 45, rounded up

	err := shared.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers(w.Namespace).Delete(t.Context(), w.Name, metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	awaitAnswer(t, asking(w, "hpa="+w.Name), fails(404, `"item"`))
	// Whoever asks for the workload now is one whom no HPA stands for.
	awaitAnswer(t, through(w), reads("datadog", "istio-proxy", 66))
	setLoad(t, w, 8)
	awaitAnswer(t, through(w), reads("datadog", "istio-proxy", 132))
	keepsReplicas(t, w, 4)
}

func TestADeploymentThatComesBackWithAnotherShapeIsReadAnew(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	remove(t, w)
	awaitAnswer(t, through(w), fails(404, w.Namespace, `"item"`))

	shared.World.RemoveService(w.Namespace, w.Name)
	w.Containers = []stage.Container{{Name: "web", CPU: "300m"}, {Name: "envoy", CPU: "50m", Native: true}}
	w.Replicas = 3
	create(t, w, busy{"web": 68, "envoy": 20})
	awaitAnswer(t, through(w), reads("datadog", "web", 68))
	setLoad(t, w, 6)
	awaitReplicas(t, w, 6) // 3 · 136 / 70, rounded up
	awaitAnswer(t, through(w), reads("datadog", "web", 68))
}

func TestANamespaceThatIsDeletedDisturbsNoOther(t *testing.T) {
	t.Parallel()
	gone := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 2}
	stays := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	serve(t, gone, atTarget, "istio-proxy")
	serve(t, stays, atTarget, "istio-proxy")
	seen := watch(t, 200*time.Millisecond, through(stays))
	err := shared.Cluster.Client().CoreV1().Namespaces().Delete(t.Context(), gone.Namespace, metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	awaitAnswer(t, through(gone), fails(404, gone.Namespace, `"item"`))
	keepsReplicas(t, stays, 4)
	awaitAnswer(t, through(stays), reads("datadog", "istio-proxy", 70))
	noneFailed(t, seen)
}

// remove deletes the Deployment; its Pods follow.
func remove(t *testing.T, w stage.Workload) {
	t.Helper()
	err := shared.Cluster.Client().AppsV1().Deployments(w.Namespace).Delete(t.Context(), w.Name, metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
}
