package outages

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

func TestAnHPAThatIsChangedAndDeletedIsFollowed(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	b := scene.Busy{"istio-proxy": 66, "app": 36}
	h := serve(t, w, b, "istio-proxy")
	shared.KeepsReplicas(t, w, 4)

	h.Target = 45
	shared.Scale(t, h)
	shared.AwaitReplicas(t, w, 6, 6) // 4 · 66 / 45, rounded up
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 44))

	h.Selector = w.Selector() + ",container=app"
	shared.Scale(t, h)
	scene.AwaitAnswer(t, shared.Asking(w, stage.Max, h.Selector), reads("datadog", "app", 36))
	shared.AwaitReplicas(t, w, 4, 4) // 6 · 24 / 45, rounded up

	err := shared.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers(w.Namespace).Delete(t.Context(), w.Name, metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	scene.AwaitAnswer(t, shared.Asking(w, stage.Max, "hpa="+w.Name), scene.Fails(404, `"item"`))
	// Whoever asks for the workload now is one whom no HPA stands for.
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 66))
	shared.SetLoad(t, w, 8)
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 132))
	shared.KeepsReplicas(t, w, 4)
}

func TestADeploymentThatComesBackWithAnotherShapeIsReadAnew(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	remove(t, w)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Fails(404, w.Namespace, `"item"`))

	shared.World.RemoveService(w.Namespace, w.Name)
	w.Containers = []stage.Container{{Name: "web", CPU: "300m"}, {Name: "envoy", CPU: "50m", Native: true}}
	w.Replicas = 3
	shared.Create(t, w, scene.Busy{"web": 68, "envoy": 20})
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "web", 68))
	shared.SetLoad(t, w, 6)
	shared.AwaitReplicas(t, w, 6, 6) // 3 · 136 / 70, rounded up
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "web", 68))
}

func TestANamespaceThatIsDeletedDisturbsNoOther(t *testing.T) {
	t.Parallel()
	gone := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 2}
	stays := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, gone, atTarget, "istio-proxy")
	serve(t, stays, atTarget, "istio-proxy")
	seen := scene.Watch(t, 200*time.Millisecond, shared.Maximum(stays))
	err := shared.Cluster.Client().CoreV1().Namespaces().Delete(t.Context(), gone.Namespace, metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	scene.AwaitAnswer(t, shared.Maximum(gone), scene.Fails(404, gone.Namespace, `"item"`))
	shared.KeepsReplicas(t, stays, 4)
	scene.AwaitAnswer(t, shared.Maximum(stays), reads("datadog", "istio-proxy", 70))
	scene.NoneFailed(t, seen)
}

// remove deletes the Deployment; its Pods follow.
func remove(t *testing.T, w stage.Workload) {
	t.Helper()
	err := shared.Cluster.Client().AppsV1().Deployments(w.Namespace).Delete(t.Context(), w.Name, metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
}
