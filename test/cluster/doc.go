// Package cluster runs a real Kubernetes control plane as plain processes: etcd,
// kube-apiserver, kube-controller-manager, kube-scheduler, kwok (which plays the
// life cycles of nodes and Pods) and metrics-server, all on loopback addresses,
// without containers, network namespaces or root.
//
// What makes it possible is the Service range: it lies in 127.0.0.0/8, so that a
// ClusterIP is an address of this machine. A process can listen on it, and an
// ordinary Service and APIService lead the API server's aggregator to that process.
//
//	dir, err := cluster.Build(ctx, os.Stderr)      // once; needs only Go
//	c, err := cluster.Start(ctx, cluster.Options{Bin: dir, KubeletHandler: world.Kubelet()})
//	defer c.Stop()
//	adapter, err := c.InstallAdapter(ctx, cluster.AdapterOptions{Config: yaml})
//
// Or as users install it, with all that the chart renders:
//
//	err := c.RunPods(ctx, "")                      // from now on the adapter's Pods are processes
//	out, err := c.Helm(ctx, "install", …)
//
// Each cluster claims a Service range of its own, so that several can run at once
// on one machine. Linux is needed: other systems answer on 127.0.0.1 alone.
//
// # What tests can tell a Pod
//
// These annotations belong into the Pod template, or onto a running Pod:
//
//	crest.test/hung: "true"         Running, but not Ready, as after failed readiness probes;
//	                                may be set and removed at any time
//	crest.test/ready-after: 5s      Running at once, Ready that much later
//	crest.test/waiting: REASON      stays Pending; its containers wait for REASON (ImagePullBackOff, …)
//	crest.test/terminate-after: 5s  takes that long to go away once it is deleted
//
// A Pod that starts reports its containers' requests in status.containerStatuses[].resources,
// as kubelets since Kubernetes 1.33 do, and (*Cluster).Resize changes them in place.
package cluster
