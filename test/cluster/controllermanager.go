package cluster

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const controllerManagerProcess = "kube-controller-manager"

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

func (c *Cluster) startControllerManager(ctx context.Context) error {
	return c.runControllerManager(ctx, c.options.hpaFlags())
}

// runControllerManager starts kube-controller-manager with these flags of the HPA controller,
// and returns when the controllers run.
func (c *Cluster) runControllerManager(ctx context.Context, hpaFlags []string) error {
	kubeconfig, err := c.clientKubeconfig("system:kube-controller-manager")
	if err != nil {
		return err
	}
	serving, err := c.controllerManagerServing(ctx)
	if err != nil {
		return err
	}
	p, err := c.start(controllerManagerProcess, slices.Concat(serving, hpaFlags, []string{
		"--kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + c.keys.accountKeyFile,
		"--root-ca-file=" + c.keys.clusterCAFile,
		"--controllers=" + strings.Join(controllers, ","),
		// When the API server was away kwok may wait half a minute before it renews the nodes' leases; a kubelet
		// waits seconds. Nobody is to take its Pods for lost meanwhile.
		"--node-monitor-grace-period=5m",
		"-v=" + c.options.verbosity(),
	})...)
	if err != nil {
		return err
	}
	// No Pod is admitted before its namespace has a ServiceAccount, which a controller makes.
	return p.await(ctx, "it is healthy and the default ServiceAccount exists", func(ctx context.Context) error {
		if _, err := c.askControllerManager(ctx, "/healthz"); err != nil {
			return err
		}
		_, err := c.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// controllerManagerServing are the flags of a port of kube-controller-manager that answers
// the administrator. It knows him by his certificate, and needs to ask nobody.
func (c *Cluster) controllerManagerServing(ctx context.Context) ([]string, error) {
	ip := c.addresses.control()
	port, err := c.addresses.freePort(ctx)
	if err != nil {
		return nil, err
	}
	pair, err := c.keys.cluster.server(certificate{name: controllerManagerProcess, ips: []string{ip}})
	if err != nil {
		return nil, err
	}
	certFile, keyFile, err := pair.write(c.dir, controllerManagerProcess)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.manager = "https://" + net.JoinHostPort(ip, port)
	return []string{
		"--bind-address=" + ip,
		"--secure-port=" + port,
		"--tls-cert-file=" + certFile,
		"--tls-private-key-file=" + keyFile,
		"--client-ca-file=" + c.keys.clusterCAFile,
		"--authentication-skip-lookup=true",
	}, nil
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

// UseDefaultHPA ends kube-controller-manager and starts it with every flag of the HPA
// controller at its real default, as with Options.DefaultHPA. A cluster that needs many Pods
// has them sooner before: at the defaults a controller sends 20 requests a second.
func (c *Cluster) UseDefaultHPA(ctx context.Context) error {
	if err := c.takeAway(controllerManagerProcess); err != nil {
		return err
	}
	if err := c.runControllerManager(ctx, nil); err != nil {
		return err
	}
	c.progress(controllerManagerProcess + " is back, the HPA controller at its defaults")
	return nil
}

// ControllerMetrics is what kube-controller-manager serves at /metrics, in the Prometheus text
// format: what it says of the HPA controller begins with
// horizontal_pod_autoscaler_controller_, and of its queue with workqueue_.
func (c *Cluster) ControllerMetrics(ctx context.Context) ([]byte, error) {
	return c.askControllerManager(ctx, "/metrics")
}

func (c *Cluster) askControllerManager(ctx context.Context, path string) ([]byte, error) {
	config := c.Admin()
	c.mu.Lock()
	config.Host = c.manager
	c.mu.Unlock()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of %s: %w", controllerManagerProcess, err)
	}
	text, err := client.RESTClient().Get().AbsPath(path).DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking %s for %s: %w", controllerManagerProcess, path, err)
	}
	return text, nil
}
