package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	metrics "k8s.io/metrics/pkg/client/clientset/versioned"

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

// fixedUsage reports counters that rise by cores[container] a second, for every Running Pod.
type fixedUsage struct {
	client kubernetes.Interface

	mu    sync.Mutex
	cores map[string]float64
}

func (u *fixedUsage) set(container string, cores float64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.cores[container] = cores
}

// watch says which cluster's Pods to report; until then the kubelets have no metrics.
func (u *fixedUsage) watch(client kubernetes.Interface) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.client = client
}

func (u *fixedUsage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	node, found := strings.CutPrefix(r.URL.Path, "/metrics/resource/")
	if !found || u.client == nil {
		http.NotFound(w, r)
		return
	}
	pods, err := u.client.CoreV1().Pods("").List(r.Context(), metav1.ListOptions{FieldSelector: "spec.nodeName=" + node})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	now := time.Now()
	fmt.Fprintf(w, "node_cpu_usage_seconds_total %f %d\nnode_memory_working_set_bytes 1e9 %[2]d\n",
		float64(now.UnixMilli())/1000, now.UnixMilli())
	for _, pod := range pods.Items {
		for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			if status.State.Running == nil {
				continue
			}
			labels := fmt.Sprintf("{container=%q,namespace=%q,pod=%q}", status.Name, pod.Namespace, pod.Name)
			began := status.State.Running.StartedAt
			seconds := 1 + now.Sub(began.Time).Seconds()*u.cores[status.Name]
			fmt.Fprintf(w, "container_cpu_usage_seconds_total%s %f %d\n", labels, seconds, now.UnixMilli())
			fmt.Fprintf(w, "container_memory_working_set_bytes%s 1e6 %d\n", labels, now.UnixMilli())
			fmt.Fprintf(w, "container_start_time_seconds%s %d\n", labels, began.Unix())
		}
	}
}

// pods waits until the namespace has exactly want Pods, all of them as check wants them.
func pods(t *testing.T, namespace string, want int, check func(*corev1.Pod) error) []corev1.Pod {
	t.Helper()
	var found []corev1.Pod
	eventually(t, fmt.Sprintf("%d Pods in %s", want, namespace), 20*time.Second, func(ctx context.Context) error {
		list, err := shared.Client().CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
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
		_, err := shared.Kubectl(ctx, "-n", ns, "wait", "--for=condition=Available", "--timeout=1s", "deployment/item")
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

func TestSetPodReadyWorksBothWays(t *testing.T) {
	ns := namespace(t, "set-ready")
	apply(t, workload("StatefulSet", ns, "item", 1, ""))
	before := readySince(&pods(t, ns, 1, ready)[0])
	for _, want := range []bool{false, true, false} {
		if err := shared.SetPodReady(t.Context(), ns, "item-0", want); err != nil {
			t.Fatal(err)
		}
	}
	pod, err := shared.Client().CoreV1().Pods(ns).Get(t.Context(), "item-0", metav1.GetOptions{})
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
			if err := shared.Resize(t.Context(), ns, set+"-0", test.container, resource.MustParse("900m"), test.actuated); err != nil {
				t.Fatal(err)
			}
			pod, err := shared.Client().CoreV1().Pods(ns).Get(t.Context(), set+"-0", metav1.GetOptions{})
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

func TestHPAScalesOnTheNativeSidecarThatMetricsServerReports(t *testing.T) {
	usage.set("app", 0.05)
	usage.set("istio-proxy", 0.3)
	ns := namespace(t, "hpa")
	apply(t, workload("Deployment", ns, "item", 1, ""))
	apply(t, fmt.Sprintf(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: item, namespace: %s}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: item}
  minReplicas: 1
  maxReplicas: 2
  metrics:
  - type: ContainerResource
    containerResource: {name: cpu, container: istio-proxy, target: {type: Utilization, averageUtilization: 70}}
`, ns))
	client := metrics.NewForConfigOrDie(shared.Admin())
	eventually(t, "metrics of both containers", 20*time.Second, func(ctx context.Context) error {
		list, err := client.MetricsV1beta1().PodMetricses(ns).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if len(list.Items) == 0 || len(list.Items[0].Containers) != 2 {
			return fmt.Errorf("metrics-server says %+v", list.Items)
		}
		for _, c := range list.Items[0].Containers {
			if c.Name == "istio-proxy" && (c.Usage.Cpu().MilliValue() < 280 || c.Usage.Cpu().MilliValue() > 320) {
				return fmt.Errorf("istio-proxy uses %s, want about 300m", c.Usage.Cpu())
			}
		}
		return nil
	})
	pods(t, ns, 1, ready) // at 60 % of a target of 70 %
	usage.set("istio-proxy", 0.6)
	pods(t, ns, 2, ready)
}

func TestRolloutIsScaledThroughItsScaleSubresource(t *testing.T) {
	if err := shared.InstallRollouts(t.Context()); err != nil {
		t.Fatal(err)
	}
	ns := namespace(t, "rollout")
	apply(t, workload("Rollout", ns, "item", 1, ""))
	first := pods(t, ns, 1, ready)[0]
	if _, err := shared.Kubectl(t.Context(), "-n", ns, "scale", "rollout/item", "--replicas=3"); err != nil {
		t.Fatal(err)
	}
	pods(t, ns, 3, ready)
	eventually(t, "its status counts three", 10*time.Second, func(ctx context.Context) error {
		out, err := shared.Kubectl(ctx, "get", "--raw", "/apis/argoproj.io/v1alpha1/namespaces/"+ns+"/rollouts/item/scale")
		if err == nil && !strings.Contains(out, `"replicas":3},"status":{"replicas":3,"selector":"app=item"}`) {
			err = fmt.Errorf("scale is %s", out)
		}
		return err
	})
	apply(t, workload("Rollout", ns, "item", 3, `version: "2"`))
	pods(t, ns, 3, func(pod *corev1.Pod) error {
		if pod.Labels["rollouts-pod-template-hash"] == first.Labels["rollouts-pod-template-hash"] {
			return fmt.Errorf("it is of the old template")
		}
		return ready(pod)
	})
}
