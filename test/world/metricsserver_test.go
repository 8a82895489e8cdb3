package world

import (
	"net"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/metrics-server/pkg/scraper/client"
	"sigs.k8s.io/metrics-server/pkg/scraper/client/resource"
)

// nodeAt is node-0 with its kubelet at an address.
func nodeAt(t *testing.T, address net.Addr) *corev1.Node {
	t.Helper()
	host, portText, err := net.SplitHostPort(address.String())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		t.Fatal(err)
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "node-0",
			Annotations: map[string]string{resource.AnnotationResourceMetricsPath: "/metrics/resource/node-0"},
		},
		Status: corev1.NodeStatus{
			Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: host}},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(port)}},
		},
	}
}

func TestTheScraperOfMetricsServerUnderstandsTheKubelet(t *testing.T) {
	w := New(Options{})
	if err := w.SetService(item()); err != nil {
		t.Fatal(err)
	}
	// The handler looks at the real clock.
	began := time.Now().Add(-10 * time.Second)
	w.SetPod(began, podNamed("a"))
	w.Step(began)
	server := httptest.NewServer(w.Kubelet())
	defer server.Close()
	scraper, err := resource.NewForConfig(&client.KubeletClientConfig{
		AddressTypePriority: []corev1.NodeAddressType{corev1.NodeInternalIP}, Scheme: "http", UseNodeStatusPort: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := scraper.GetMetrics(t.Context(), nodeAt(t, server.Listener.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	pod := batch.Pods[types.NamespacedName{Namespace: "shop", Name: "a"}]
	if len(batch.Pods) != 1 || len(pod.Containers) != 2 {
		t.Fatalf("got %+v", batch)
	}
	// 0.2 cores for a little more than 10 s, in nanoseconds.
	proxy := pod.Containers["istio-proxy"]
	if proxy.CumulativeCPUUsed < 2e9 || proxy.CumulativeCPUUsed > 8e9 || proxy.StartTime.Sub(began).Abs() > time.Millisecond {
		t.Errorf("istio-proxy is %+v", proxy)
	}
	if node, ok := batch.Nodes["node-0"]; !ok || node.CumulativeCPUUsed == 0 {
		t.Errorf("the node is %+v", node)
	}
}
