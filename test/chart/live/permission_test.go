package live

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// kinds are one workload of each kind, with an HPA each. One more HPA is misused, so that Crest
// writes an Event.
type kinds struct {
	r                                *release
	deployment, statefulset, rollout stage.Workload
	misused                          stage.HPA
}

// serveKinds has the workloads served by a release.
func serveKinds(t *testing.T, r *release) kinds {
	t.Helper()
	w := stage.Workload{Namespace: shared.Namespace(t), Replicas: 1}
	k := kinds{r: r, deployment: w, statefulset: w, rollout: w}
	for kind, w := range map[string]*stage.Workload{"Deployment": &k.deployment, "StatefulSet": &k.statefulset, "Rollout": &k.rollout} {
		w.Kind, w.Name = kind, strings.ToLower(kind)
		shared.Create(t, *w, scene.Busy{"istio-proxy": 70, "app": 36})
		shared.Scale(t, stage.HPA{For: *w, Min: 1, Max: 2})
	}
	w.Name = "misused"
	shared.Create(t, w, scene.Busy{"istio-proxy": 70, "app": 36})
	k.misused = stage.HPA{For: w, Average: 70, Min: 1, Max: 1}
	shared.Scale(t, k.misused)
	for _, w := range []stage.Workload{k.deployment, k.statefulset, k.rollout} {
		scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog"))
	}
	return k
}

// What breaks without each grant: somebody is told, by name, what to allow.
var needed = map[string]func(*testing.T, kinds){
	"horizontalpodautoscalers.autoscaling": func(t *testing.T, k kinds) {
		k.r.says(t, `what="HorizontalPodAutoscalers"`, `horizontalpodautoscalers.autoscaling is forbidden`)
	},
	"pods": func(t *testing.T, k kinds) {
		k.r.says(t, `what="Pods"`, `pods is forbidden`)
	},
	"deployments,statefulsets.apps": func(t *testing.T, k kinds) {
		allowing := `let Crest's ServiceAccount "list" and "watch" them`
		scene.AwaitAnswer(t, shared.Maximum(k.deployment), scene.Fails(503, "deployments.apps is forbidden", allowing))
		scene.AwaitAnswer(t, shared.Maximum(k.statefulset), scene.Fails(503, "statefulsets.apps is forbidden", allowing))
		scene.AwaitAnswer(t, shared.Maximum(k.rollout), scene.From("datadog"))
	},
	"rollouts.argoproj.io": func(t *testing.T, k kinds) {
		scene.AwaitAnswer(t, shared.Maximum(k.rollout), scene.Fails(503, "rollouts.argoproj.io is forbidden", `let Crest's ServiceAccount "list" and "watch" them`))
		scene.AwaitAnswer(t, shared.Maximum(k.deployment), scene.From("datadog"))
	},
	"deployments/scale,statefulsets/scale.apps": func(t *testing.T, k kinds) {
		for _, w := range []stage.Workload{k.deployment, k.statefulset} {
			scene.AwaitAnswer(t, shared.Maximum(w), scene.Fails(503, "reading its scale", `let Crest's ServiceAccount "get" `+w.Name+`s/scale of the API group "apps"`))
		}
		scene.AwaitAnswer(t, shared.Maximum(k.rollout), scene.From("datadog"))
	},
	"rollouts/scale.argoproj.io": func(t *testing.T, k kinds) {
		scene.AwaitAnswer(t, shared.Maximum(k.rollout), scene.Fails(503, "reading its scale", `let Crest's ServiceAccount "get" rollouts/scale`))
		scene.AwaitAnswer(t, shared.Maximum(k.deployment), scene.From("datadog"))
	},
	"pods.metrics.k8s.io": func(t *testing.T, k kinds) {
		scene.AwaitAnswer(t, shared.Metric(k.deployment, stage.PodAverage), scene.Fails(503, `let its ServiceAccount "list" pods of the API group metrics.k8s.io`))
		scene.AwaitAnswer(t, shared.Maximum(k.deployment), scene.From("datadog"))
	},
	"events": func(t *testing.T, k kinds) {
		k.r.says(t, "events is forbidden")
		scene.AwaitAnswer(t, shared.Maximum(k.deployment), scene.From("datadog"))
	},
	"apiservices.apiregistration.k8s.io": func(t *testing.T, k kinds) {
		k.r.says(t, "so that no CA can be renewed", "and patch apiservices with the resourceName "+apiService)
		scene.AwaitAnswer(t, shared.Maximum(k.deployment), scene.From("datadog"))
	},
	"system:auth-delegator": func(t *testing.T, k kinds) {
		k.r.says(t, "subjectaccessreviews.authorization.k8s.io is forbidden")
		shared.AwaitScalingInactive(t, k.statefulset, "subjectaccessreviews")
	},
	"extension-apiserver-authentication-reader": func(t *testing.T, k kinds) {
		k.r.says(t, "waiting for the Kubernetes API server", "bind the Role extension-apiserver-authentication-reader in kube-system")
	},
	"crest-certificate": func(t *testing.T, k kinds) {
		k.r.says(t, "The serving certificate cannot be kept", "and update secrets with the resourceName crest-certificate")
	},
}

func TestEachPermissionIsNeededAndItsLackSaysWhatToAllow(t *testing.T) {
	r := newRelease(t)
	r.values["replicas"] = 1 // so that it is known who answers
	r.install(t)
	k := serveKinds(t, r)
	seen := map[string]bool{}
	for _, g := range r.grants(t) {
		seen[g.name] = true
		t.Run(g.name, func(t *testing.T) {
			breaks := needed[g.name]
			if breaks == nil {
				t.Fatal("nobody has said here what breaks without it")
			}
			if err := g.take(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.renewPod(t)
			breaks(t, k)
			if err := g.give(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.recovers(t, k)
		})
	}
	for name := range needed {
		if !seen[name] {
			t.Errorf("the chart does not grant %s any more", name)
		}
	}
}

// renewPod deletes the one Pod and waits until another one has been started: what is
// watched already would be followed on.
func (r *release) renewPod(t *testing.T) {
	t.Helper()
	before, err := r.pods(t.Context())
	if err != nil || len(before) != 1 {
		t.Fatalf("the Pods are %q, %v; want one", before, err)
	}
	if err := shared.Cluster.Client().CoreV1().Pods(r.namespace).Delete(t.Context(), before[0], metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	scene.Eventually(t, "another Pod has been started", func() error {
		after, err := r.pods(t.Context())
		if err == nil && (len(after) != 1 || after[0] == before[0]) {
			err = fmt.Errorf("the Pods are %q", after)
		}
		_, missing := r.log(t.Context())
		return errors.Join(err, missing)
	})
}

// says waits until the Pod's log says all of this.
func (r *release) says(t *testing.T, phrases ...string) {
	t.Helper()
	scene.Eventually(t, "the log says what is missing", func() error {
		text, err := r.log(t.Context())
		return errors.Join(err, scene.SaysAll(text, phrases...))
	})
}

// recovers waits until all is well again, by itself.
func (r *release) recovers(t *testing.T, k kinds) {
	t.Helper()
	for _, w := range []stage.Workload{k.deployment, k.statefulset, k.rollout} {
		scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog"))
		scene.Eventually(t, "its HPA reads it", func() error {
			if c := scene.ScalingActive(shared.HPA(t, w.Namespace, w.Name)); c.Status != "True" {
				return fmt.Errorf("%s is %s: %s", autoscalingv2.ScalingActive, c.Status, c.Message)
			}
			return nil
		})
	}
	list, err := shared.Cluster.Client().CoreV1().Pods(r.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=adapter"})
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range list.Items {
		if pod.DeletionTimestamp == nil && (!cluster.PodReady(&pod) || pod.Status.ContainerStatuses[0].RestartCount > 0) {
			t.Errorf("it has not recovered by itself: %+v", pod.Status.ContainerStatuses)
		}
	}
}
