package cluster

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kwokConfig is kwok's configuration and its Stages: the life cycles of nodes and Pods.
//
//go:embed manifests/kwok.yaml
var kwokConfig []byte

// startNodes creates the nodes, whose kubelet is the harness's, and starts kwok unless the
// cluster is a bare one.
func (c *Cluster) startNodes(ctx context.Context) error {
	port := int32(10250) // nobody listens there
	if c.options.KubeletHandler != nil {
		var err error
		if c.kubelet, err = serveKubelet(ctx, c.asKubelet(c.options.KubeletHandler), c.addresses.control(), c.keys.cluster); err != nil {
			return err
		}
		port = c.kubelet.port
		c.atStop(c.kubelet.close)
	}
	for i := range c.options.Nodes {
		node := newNode(fmt.Sprintf("node-%d", i), c.addresses.control(), port)
		if _, err := c.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating %s: %w", node.Name, err)
		}
	}
	if c.options.Bare {
		return nil // they were created Ready, and nobody is there to doubt it
	}
	config, err := writeFile(c.dir, "kwok.yaml", kwokConfig)
	if err != nil {
		return err
	}
	p, err := c.start("kwok", "--kubeconfig="+c.Kubeconfig(), "--config="+config)
	if err != nil {
		return err
	}
	return p.await(ctx, "all nodes are Ready and untainted", c.nodesReady)
}

// nodesReady says what is wrong with the nodes: nil when each can take Pods.
func (c *Cluster) nodesReady(ctx context.Context) error {
	nodes, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing nodes: %w", err)
	}
	for _, n := range nodes.Items {
		if len(n.Spec.Taints) > 0 {
			return fmt.Errorf("%s has the taint %s", n.Name, n.Spec.Taints[0].ToString())
		}
		for _, condition := range n.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
				return fmt.Errorf("%s is not Ready: %s", n.Name, condition.Message)
			}
		}
	}
	return nil
}

// newNode is a node with the status that a kubelet would give it. The annotation tells
// metrics-server the path of this node's metrics, since all nodes share one address.
func newNode(name, ip string, port int32) *corev1.Node {
	room := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("256"),
		corev1.ResourceMemory: resource.MustParse("4Ti"),
		corev1.ResourcePods:   resource.MustParse("10000"),
	}
	now := metav1.NewTime(time.Now())
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:   name,
				corev1.LabelOSStable:   "linux",
				corev1.LabelArchStable: "amd64",
			},
			Annotations: map[string]string{
				"metrics.k8s.io/resource-metrics-path": "/metrics/resource/" + name,
			},
		},
		Status: corev1.NodeStatus{
			Capacity:        room,
			Allocatable:     room,
			Phase:           corev1.NodeRunning,
			Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: ip}, {Type: corev1.NodeHostName, Address: name}},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: port}},
			Conditions: []corev1.NodeCondition{{
				Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady",
				LastHeartbeatTime: now, LastTransitionTime: now,
			}},
			NodeInfo: corev1.NodeSystemInfo{KubeletVersion: kubernetesVersion, OperatingSystem: "linux", Architecture: "amd64"},
		},
	}
}
