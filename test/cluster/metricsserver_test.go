package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	metrics "k8s.io/metrics/pkg/client/clientset/versioned"
)

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
	var text strings.Builder
	fmt.Fprintf(&text, "node_cpu_usage_seconds_total %f %d\nnode_memory_working_set_bytes 1e9 %[2]d\n",
		float64(now.UnixMilli())/1000, now.UnixMilli())
	for _, pod := range pods.Items {
		for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			if status.State.Running == nil {
				continue
			}
			labels := fmt.Sprintf("{container=%q,namespace=%q,pod=%q}", status.Name, pod.Namespace, pod.Name)
			began := status.State.Running.StartedAt
			seconds := 1 + now.Sub(began.Time).Seconds()*u.cores[status.Name]
			fmt.Fprintf(&text, "container_cpu_usage_seconds_total%s %f %d\n", labels, seconds, now.UnixMilli())
			fmt.Fprintf(&text, "container_memory_working_set_bytes%s 1e6 %d\n", labels, now.UnixMilli())
			fmt.Fprintf(&text, "container_start_time_seconds%s %d\n", labels, began.Unix())
		}
	}
	_, _ = w.Write([]byte(text.String()))
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
	client := metrics.NewForConfigOrDie(shared(t).Admin())
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
