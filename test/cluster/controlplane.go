package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// startEtcd starts etcd on an empty directory and returns its client URL.
func (c *Cluster) startEtcd(ctx context.Context) (string, error) {
	clientPort, err := c.addresses.freePort(ctx)
	if err != nil {
		return "", err
	}
	peerPort, err := c.addresses.freePort(ctx)
	if err != nil {
		return "", err
	}
	client := "http://" + net.JoinHostPort(c.addresses.control(), clientPort)
	peer := "http://" + net.JoinHostPort(c.addresses.control(), peerPort)
	p, err := c.start(etcdProcess,
		"--name=crest-test",
		"--data-dir="+c.path("etcd"),
		"--listen-client-urls="+client,
		"--advertise-client-urls="+client,
		"--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer,
		"--initial-cluster=crest-test="+peer,
		"--unsafe-no-fsync", // the data need not outlive the machine
		"--quota-backend-bytes=4294967296",
		"--log-level=warn",
	)
	if err != nil {
		return "", err
	}
	err = p.await(ctx, "it is healthy", func(ctx context.Context) error {
		return getOK(ctx, http.DefaultClient, client+"/health")
	})
	return client, err
}

func (c *Cluster) startAPIServer(ctx context.Context, etcd, port string) error {
	k := c.keys
	audit, err := c.auditFlags()
	if err != nil {
		return err
	}
	p, err := c.start(apiServerProcess, append(audit,
		"--etcd-servers="+etcd,
		"--bind-address="+c.addresses.control(),
		"--advertise-address="+c.addresses.control(),
		"--secure-port="+port,
		"--tls-cert-file="+k.serverCertFile,
		"--tls-private-key-file="+k.serverKeyFile,
		"--client-ca-file="+k.clusterCAFile,
		"--authorization-mode=RBAC",
		"--anonymous-auth=true",
		// A ClusterIP is an address of this machine: see the package's documentation.
		"--service-cluster-ip-range="+c.addresses.serviceRange(),
		// Endpoints of kubernetes.default cannot be loopback addresses; nothing needs them.
		"--endpoint-reconciler-type=none",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+k.accountPublicKeyFile,
		"--service-account-signing-key-file="+k.accountKeyFile,
		"--requestheader-client-ca-file="+k.frontProxyCAFile,
		"--requestheader-allowed-names="+frontProxyName,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+k.proxyCertFile,
		"--proxy-client-key-file="+k.proxyKeyFile,
		"--allow-privileged=true",
		// The nodes' names do not resolve.
		"--kubelet-preferred-address-types=InternalIP",
		"--profiling=false",
		"-v="+c.options.verbosity(),
	)...)
	if err != nil {
		return err
	}
	return p.await(ctx, "it is ready", c.apiServerReady)
}

func (c *Cluster) startScheduler() error {
	kubeconfig, err := c.clientKubeconfig("system:kube-scheduler")
	if err != nil {
		return err
	}
	_, err = c.start("kube-scheduler",
		"--kubeconfig="+kubeconfig,
		"--authentication-kubeconfig="+kubeconfig,
		"--authorization-kubeconfig="+kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=200",
		"--kube-api-burst=400",
		"-v="+c.options.verbosity(),
	)
	return err
}

// getOK asks for url and wants a 200.
func getOK(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", url, err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 1024))
	return fmt.Errorf("%s: %s: %s", url, answer.Status, strings.TrimSpace(string(body)))
}
