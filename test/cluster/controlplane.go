package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// controllers are the controllers that tests need. Fewer than all of them save CPU time, of
// which small machines have little. Without node-lifecycle-controller the taint of unready
// nodes would stay on them, and Pods would stay Pending.
var controllers = []string{
	"clusterrole-aggregation-controller",
	"deployment-controller",
	"disruption-controller",
	"endpoints-controller",
	"endpointslice-controller",
	"garbage-collector-controller",
	"horizontal-pod-autoscaler-controller",
	"job-controller",
	"namespace-controller",
	"node-lifecycle-controller",
	"pod-garbage-collector-controller",
	"replicaset-controller",
	"resourcequota-controller", // without it a namespace with a quota admits no Pod
	"root-ca-certificate-publisher-controller",
	"service-cidr-controller",
	"serviceaccount-controller",
	"statefulset-controller",
	"taint-eviction-controller",
}

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

func (c *Cluster) startControllerManager(ctx context.Context) error {
	kubeconfig, err := c.clientKubeconfig("system:kube-controller-manager")
	if err != nil {
		return err
	}
	args := []string{
		"--kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + c.keys.accountKeyFile,
		"--root-ca-file=" + c.keys.clusterCAFile,
		"--controllers=" + strings.Join(controllers, ","),
		"-v=" + c.options.verbosity(),
	}
	p, err := c.start("kube-controller-manager", append(args, c.options.hpaFlags()...)...)
	if err != nil {
		return err
	}
	// No Pod is admitted before its namespace has a ServiceAccount, which a controller makes.
	return p.await(ctx, "the default ServiceAccount exists", func(ctx context.Context) error {
		_, err := c.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// hpaFlags are the flags of the HPA controller; none with DefaultHPA.
func (o Options) hpaFlags() []string {
	if o.DefaultHPA {
		return nil
	}
	return []string{
		"--horizontal-pod-autoscaler-sync-period=" + o.HPASync.String(),
		"--horizontal-pod-autoscaler-downscale-stabilization=" + o.DownscaleStabilization.String(),
		"--horizontal-pod-autoscaler-initial-readiness-delay=" + o.InitialReadinessDelay.String(),
		"--horizontal-pod-autoscaler-cpu-initialization-period=" + o.CPUInitializationPeriod.String(),
		// 20 requests a second by default: too few for short intervals and for many Pods.
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}
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
