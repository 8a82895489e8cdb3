package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Cluster is a running control plane. Its methods may be called concurrently.
type Cluster struct {
	options   Options
	dir       string
	addresses *addresses
	keys      *keys
	server    string // the API server's URL
	etcd      string // etcd's URL
	client    *kubernetes.Clientset
	applier   *applier
	kubelet   *kubelet
	began     time.Time

	mu        sync.Mutex
	processes []*process // in the order of their start
	adapters  int
	manager   string   // kube-controller-manager's URL
	first     []func() // run before the processes are stopped, last first
	cleanup   []func() // run after the processes have stopped, last first
	stopOnce  sync.Once
	stopping  chan struct{} // closed when Stop begins
}

// Start starts a cluster and returns once its nodes are Ready and, with a KubeletHandler,
// the metrics.k8s.io API is available. When it fails, the error names the component and
// holds the end of its log, and nothing is left running. ctx bounds the start only: what
// has been started lives until Stop.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	options = options.withDefaults()
	c := &Cluster{options: options, began: time.Now(), stopping: make(chan struct{})}
	if err := c.begin(ctx); err != nil {
		c.Stop()
		return nil, fmt.Errorf("starting a cluster: %w", err)
	}
	return c, nil
}

// begin runs the steps in their order.
func (c *Cluster) begin(ctx context.Context) error {
	if c.options.Bin == "" {
		bin, err := Build(ctx, c.options.Progress)
		if err != nil {
			return err
		}
		c.options.Bin = bin
	}
	if err := c.prepare(ctx); err != nil {
		return err
	}
	port, err := c.addresses.freePort(ctx)
	if err != nil {
		return err
	}
	if err := c.makeClients(port); err != nil {
		return err
	}
	if c.etcd, err = c.startEtcd(ctx); err != nil {
		return err
	}
	c.progress("etcd is healthy")
	if err := c.startAPIServer(ctx, c.etcd, port); err != nil {
		return err
	}
	c.progress("kube-apiserver is ready at " + c.server)
	steps := []func() error{
		func() error { return c.step("the nodes are Ready", c.startNodes(ctx)) },
		func() error { return c.step("metrics.k8s.io is available", c.startMetricsServer(ctx)) },
	}
	if !c.options.Bare {
		if err := c.startScheduler(); err != nil {
			return err
		}
		steps = append(steps, func() error { return c.step("the controllers run", c.startControllerManager(ctx)) })
	}
	return inParallel(steps...)
}

// prepare makes directories, addresses and keys.
func (c *Cluster) prepare(ctx context.Context) error {
	c.dir = c.options.Dir
	if c.dir == "" {
		dir, err := os.MkdirTemp("", "crest-cluster-")
		if err != nil {
			return fmt.Errorf("making a directory for the cluster: %w", err)
		}
		c.dir = dir
		c.atStop(func() { _ = os.RemoveAll(dir) })
	}
	if c.options.LogDir == "" {
		c.options.LogDir = c.path("logs")
	}
	for _, dir := range []string{c.dir, c.options.LogDir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making a directory for the cluster: %w", err)
		}
	}
	var err error
	if c.addresses, err = claimAddresses(ctx); err != nil {
		return err
	}
	c.atStop(c.addresses.release)
	c.keys, err = makeKeys(c.dir, c.addresses)
	return err
}

// makeClients makes the administrator's clients and kubeconfig; nothing is asked yet.
func (c *Cluster) makeClients(port string) error {
	c.server = "https://" + net.JoinHostPort(c.addresses.control(), port)
	var err error
	if c.client, err = kubernetes.NewForConfig(c.Admin()); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if c.applier, err = newApplier(c.Admin()); err != nil {
		return err
	}
	_, err = c.writeKubeconfig("admin", identity{pair: c.keys.admin})
	return err
}

// Admin is a client configuration of the cluster's administrator, not throttled.
func (c *Cluster) Admin() *rest.Config { return c.restConfig(identity{pair: c.keys.admin}) }

// Client is the administrator's typed client.
func (c *Cluster) Client() *kubernetes.Clientset { return c.client }

// Kubeconfig is the path of the administrator's kubeconfig file.
func (c *Cluster) Kubeconfig() string { return c.path("admin.kubeconfig") }

// Dir holds the cluster's keys, data and, unless Options.LogDir said otherwise, logs.
func (c *Cluster) Dir() string { return c.dir }

// Logs is the directory of the processes' log files.
func (c *Cluster) Logs() string { return c.options.LogDir }

// EtcdURL is where etcd serves its clients. The API server keeps objects there, below /registry.
func (c *Cluster) EtcdURL() string { return c.etcd }

// FreeIP is a loopback address that nothing else of this cluster uses.
func (c *Cluster) FreeIP() string { return c.addresses.next() }

// Pids are the process ids of what the cluster runs at present, by name.
func (c *Cluster) Pids() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	pids := map[string]int{}
	for _, p := range c.processes {
		if p.running() {
			pids[p.name] = p.cmd.Process.Pid
		}
	}
	return pids
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

// step reports a step that has succeeded.
func (c *Cluster) step(what string, err error) error {
	if err == nil {
		c.progress(what)
	}
	return err
}

func (c *Cluster) progress(what string) {
	_, _ = fmt.Fprintf(c.options.Progress, "cluster: %4.1fs %s\n", time.Since(c.began).Seconds(), what)
}

// inParallel runs all steps and returns the first error in their order, once all have ended.
func inParallel(steps ...func() error) error {
	errs := make([]error, len(steps))
	var all sync.WaitGroup
	for i, step := range steps {
		all.Go(func() { errs[i] = step() })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
