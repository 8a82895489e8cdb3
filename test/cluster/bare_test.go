package cluster_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
)

// In a bare cluster the adapter's neighbours work, and nothing else does anything.
func TestABareClusterServesMetricsAndLeavesObjectsAlone(t *testing.T) {
	load := &fixedUsage{cores: map[string]float64{}}
	c, err := cluster.Start(t.Context(), cluster.Options{Bare: true, Nodes: 1, KubeletHandler: load})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	load.watch(c.Client())
	if pids := c.Pids(); len(pids) != 3 || pids["etcd"] == 0 || pids["kube-apiserver"] == 0 || pids["metrics-server"] == 0 {
		t.Errorf("there run %v, want etcd, kube-apiserver and metrics-server", pids)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "still"}}
	if _, err := c.Client().CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "metrics-server has scraped the node", 30*time.Second, func(ctx context.Context) error {
		_, err := c.Client().RESTClient().Get().AbsPath("/apis/metrics.k8s.io/v1beta1/nodes/node-0").DoRaw(ctx)
		return err
	})
	// The controllers make one within moments where they run; the scrapes took longer.
	accounts, err := c.Client().CoreV1().ServiceAccounts(ns.Name).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(accounts.Items) != 0 {
		t.Errorf("somebody has made the ServiceAccounts %v (%v), want nobody", accounts.Items, err)
	}
	node, err := c.Client().CoreV1().Nodes().Get(t.Context(), "node-0", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if last := fmt.Sprint(node.Status.Conditions[0]); node.Status.Conditions[0].Status != corev1.ConditionTrue {
		t.Errorf("the node is not Ready: %s", last)
	}
}
