package cluster

import (
	"context"
	_ "embed"
	"time"
)

//go:embed manifests/metrics-server.yaml
var metricsServerManifest []byte

// startMetricsServer installs and starts metrics-server, if there is a kubelet to scrape.
func (c *Cluster) startMetricsServer(ctx context.Context) error {
	if c.options.KubeletHandler == nil {
		return nil
	}
	if err := c.RegisterMetricsServer(ctx); err != nil {
		return err
	}
	return c.runMetricsServer(ctx)
}

func (c *Cluster) runMetricsServer(ctx context.Context) error {
	const namespace, name = "kube-system", metricsServerProcess
	ip, err := c.ServiceIP(ctx, namespace, name)
	if err != nil {
		return err
	}
	if err := c.publishEndpoint(ctx, namespace, name, "https", 10250); err != nil {
		return err
	}
	kubeconfig, err := c.accountKubeconfig(ctx, namespace, name, name)
	if err != nil {
		return err
	}
	pair, err := c.servingPair(namespace, name, ip)
	if err != nil {
		return err
	}
	certFile, keyFile, err := pair.write(c.dir, name)
	if err != nil {
		return err
	}
	resolution := c.options.MetricsResolution
	p, err := c.start(name,
		"--kubeconfig="+kubeconfig,
		"--authentication-kubeconfig="+kubeconfig,
		"--authorization-kubeconfig="+kubeconfig,
		"--bind-address="+ip,
		"--secure-port=10250",
		"--tls-cert-file="+certFile,
		"--tls-private-key-file="+keyFile,
		"--metric-resolution="+resolution.String(),
		"--kubelet-request-timeout="+min(10*time.Second, resolution*9/10).String(),
		"--kubelet-use-node-status-port",
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority="+c.keys.clusterCAFile,
		"--v="+c.options.verbosity(),
	)
	if err != nil {
		return err
	}
	return p.await(ctx, "metrics.k8s.io/v1beta1 is available", func(ctx context.Context) error {
		return c.apiAvailable(ctx, "metrics.k8s.io", "v1beta1")
	})
}
