package cluster_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
)

// template is a Pod with an app and a native sidecar, at 500m each.
const template = `
    metadata: {labels: {app: %[1]s}, annotations: {%[2]s}}
    spec:
      initContainers:
      - {name: migrate, image: x}
      - {name: istio-proxy, image: x, restartPolicy: Always, resources: {requests: {cpu: 500m}}}
      containers:
      - {name: app, image: x, resources: {requests: {cpu: 500m}}}
`

// workload is the manifest of a Deployment, a StatefulSet or a Rollout with the template.
func workload(kind, namespace, name string, replicas int, annotations string) string {
	group := "apps/v1"
	if kind == "Rollout" {
		group = "argoproj.io/v1alpha1"
	}
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: %s, namespace: %s}\nspec:\n  replicas: %d\n"+
		"  selector: {matchLabels: {app: %s}}\n  template:", group, kind, name, namespace, replicas, name) +
		fmt.Sprintf(template, name, annotations)
}

// pods waits until the namespace has exactly want Pods, all of them as check wants them.
func pods(t *testing.T, namespace string, want int, check func(*corev1.Pod) error) []corev1.Pod {
	t.Helper()
	var found []corev1.Pod
	eventually(t, fmt.Sprintf("%d Pods in %s", want, namespace), 20*time.Second, func(ctx context.Context) error {
		list, err := shared(t).Client().CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if len(list.Items) != want {
			return fmt.Errorf("there are %d Pods", len(list.Items))
		}
		for i := range list.Items {
			if err := check(&list.Items[i]); err != nil {
				return fmt.Errorf("%s: %w", list.Items[i].Name, err)
			}
		}
		found = list.Items
		return nil
	})
	return found
}

func ready(pod *corev1.Pod) error {
	if !cluster.PodReady(pod) {
		return fmt.Errorf("it is %s and not Ready", pod.Status.Phase)
	}
	return nil
}

func TestPodOfADeploymentIsWhatAKubeletWouldReport(t *testing.T) {
	ns := namespace(t, "pod-status")
	apply(t, workload("Deployment", ns, "item", 1, ""))
	pod := pods(t, ns, 1, ready)[0]

	if pod.Status.StartTime == nil || pod.Status.PodIP == "" || pod.Status.Phase != corev1.PodRunning {
		t.Errorf("start time %v, IP %q, phase %s", pod.Status.StartTime, pod.Status.PodIP, pod.Status.Phase)
	}
	app, migrate, proxy := pod.Status.ContainerStatuses[0], pod.Status.InitContainerStatuses[0], pod.Status.InitContainerStatuses[1]
	if app.Resources == nil || app.Resources.Requests.Cpu().String() != "500m" {
		t.Errorf("the actual resources of app are %v, want the spec's 500m", app.Resources)
	}
	if migrate.State.Terminated == nil {
		t.Errorf("an ordinary init container is in the state %+v, want terminated", migrate.State)
	}
	if proxy.State.Running == nil || proxy.Started == nil || !*proxy.Started || !proxy.Ready {
		t.Errorf("a native sidecar is in the state %+v, started %v, ready %t, want a running one", proxy.State, proxy.Started, proxy.Ready)
	}
	eventually(t, "the Deployment is Available", 10*time.Second, func(ctx context.Context) error {
		_, err := shared(t).Kubectl(ctx, "-n", ns, "wait", "--for=condition=Available", "--timeout=1s", "deployment/item")
		return err
	})
}

func TestAnnotationsDecideHowAPodLives(t *testing.T) {
	ns := namespace(t, "annotations")
	for name, annotation := range map[string]string{
		"hung":    `crest.test/hung: "true"`,
		"late":    `crest.test/ready-after: 2s`,
		"waiting": `crest.test/waiting: ImagePullBackOff`,
		"plain":   ``,
	} {
		apply(t, workload("StatefulSet", ns, name, 1, annotation))
	}
	pods(t, ns, 4, func(pod *corev1.Pod) error {
		switch pod.Name {
		case "hung-0":
			if pod.Status.Phase != corev1.PodRunning || cluster.PodReady(pod) {
				return fmt.Errorf("phase %s, ready %t, want Running and not Ready", pod.Status.Phase, cluster.PodReady(pod))
			}
		case "waiting-0":
			if len(pod.Status.ContainerStatuses) == 0 || pod.Status.ContainerStatuses[0].State.Waiting == nil {
				return fmt.Errorf("no container waits: %+v", pod.Status.ContainerStatuses)
			}
			if reason := pod.Status.ContainerStatuses[0].State.Waiting.Reason; reason != "ImagePullBackOff" || pod.Status.Phase != corev1.PodPending {
				return fmt.Errorf("phase %s, reason %s", pod.Status.Phase, reason)
			}
		case "late-0":
			if err := ready(pod); err != nil {
				return err
			}
			if delay := readySince(pod).Sub(pod.Status.StartTime.Time); delay < time.Second || delay > 6*time.Second {
				return fmt.Errorf("Ready %s after its start, want about 2s", delay)
			}
		default:
			return ready(pod)
		}
		return nil
	})
}

func readySince(pod *corev1.Pod) time.Time {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

func TestDeletedPodTakesItsTimeToGo(t *testing.T) {
	ns := namespace(t, "terminate")
	apply(t, workload("Deployment", ns, "item", 1, "crest.test/terminate-after: 2s"))
	pods(t, ns, 1, ready)
	if _, err := shared(t).Kubectl(t.Context(), "-n", ns, "scale", "deployment/item", "--replicas=0"); err != nil {
		t.Fatal(err)
	}
	pods(t, ns, 1, func(pod *corev1.Pod) error {
		if pod.DeletionTimestamp == nil {
			return fmt.Errorf("it is not being deleted yet")
		}
		return ready(pod) // a kubelet says so until the containers have ended
	})
	pods(t, ns, 0, ready)
}

func TestSetPodReadyWorksBothWays(t *testing.T) {
	ns := namespace(t, "set-ready")
	apply(t, workload("StatefulSet", ns, "item", 1, ""))
	before := readySince(&pods(t, ns, 1, ready)[0])
	for _, want := range []bool{false, true, false} {
		if err := shared(t).SetPodReady(t.Context(), ns, "item-0", want); err != nil {
			t.Fatal(err)
		}
	}
	pod, err := shared(t).Client().CoreV1().Pods(ns).Get(t.Context(), "item-0", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if since := readySince(pod); since.Before(before) {
		t.Errorf("not Ready since %s, before it was Ready at %s", since, before)
	}
	if got := pod.Status.ContainerStatuses[0].Resources; got == nil || got.Requests.Cpu().String() != "500m" {
		t.Errorf("its actual resources were lost on the way: %v", got)
	}
}

func TestResizeIsRealOrDeferred(t *testing.T) {
	tests := map[string]struct {
		container string
		actuated  bool
		want      string // what the status says afterwards
	}{
		"an actuated resize of a container shows in spec and status": {container: "app", actuated: true, want: "900m"},
		"a deferred resize shows in the spec alone":                  {container: "app", actuated: false, want: "500m"},
		"a native sidecar is resized like a container":               {container: "istio-proxy", actuated: true, want: "900m"},
	}
	ns := namespace(t, "resize")
	i := 0
	for name, test := range tests {
		i++
		set := fmt.Sprintf("item%d", i)
		t.Run(name, func(t *testing.T) {
			apply(t, workload("StatefulSet", ns, set, 1, ""))
			pods(t, ns, i, ready)
			if err := shared(t).Resize(t.Context(), ns, set+"-0", test.container, resource.MustParse("900m"), test.actuated); err != nil {
				t.Fatal(err)
			}
			pod, err := shared(t).Client().CoreV1().Pods(ns).Get(t.Context(), set+"-0", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range append(pod.Spec.Containers, pod.Spec.InitContainers...) {
				if got := c.Resources.Requests.Cpu().String(); c.Name == test.container && got != "900m" {
					t.Errorf("the spec says %s, want 900m", got)
				}
			}
			for _, s := range append(pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses...) {
				if s.Name == test.container && s.Resources.Requests.Cpu().String() != test.want {
					t.Errorf("the status says %s, want %s", s.Resources.Requests.Cpu(), test.want)
				}
			}
		})
	}
}
