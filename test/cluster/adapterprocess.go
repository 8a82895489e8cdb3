package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
)

// terminationGrace is how long a signalled adapter may take before it is killed: like the
// Deployment's terminationGracePeriodSeconds.
const terminationGrace = 30 * time.Second

// Adapter is an adapter that runs, or did. One goroutine at a time may use it.
type Adapter struct {
	cluster    *Cluster
	options    AdapterOptions
	registered bool // whether the aggregator leads to it

	configFile, kubeconfig, certFile, keyFile string
	process                                   *process
}

// writeFiles writes what the adapter reads: its token, its certificate and its configuration.
func (a *Adapter) writeFiles(ctx context.Context) error {
	c, name := a.cluster, a.options.Name
	var err error
	if a.kubeconfig, err = c.accountKubeconfig(ctx, AdapterNamespace, AdapterName, name); err != nil {
		return err
	}
	if err := a.RenewCertificate(); err != nil {
		return err
	}
	a.configFile, err = writeFile(c.dir, name+".yaml", []byte(a.options.Config))
	return err
}

// RenewCertificate replaces the serving certificate and its key on disk by new ones. What
// runs is told nothing.
func (a *Adapter) RenewCertificate() error {
	pair, err := a.cluster.servingPair(AdapterNamespace, a.options.Service, a.options.ServiceIP)
	if err != nil {
		return err
	}
	a.certFile, a.keyFile, err = pair.write(a.cluster.dir, a.options.Name)
	return err
}

// Start starts the adapter again after Stop or Kill, and waits as InstallAdapter does.
func (a *Adapter) Start(ctx context.Context) error {
	if err := a.Launch(); err != nil {
		return err
	}
	if err := a.Await(ctx); err != nil {
		a.Kill()
		return err
	}
	return nil
}

// Launch is the first half of Start: it does not wait.
func (a *Adapter) Launch() error {
	if a.process != nil && a.process.running() {
		return fmt.Errorf("%s runs already", a.options.Name)
	}
	args := []string{
		"--kubeconfig=" + a.kubeconfig,
		"--bind-address=" + a.options.ServiceIP,
		"--secure-port=" + strconv.Itoa(adapterPort),
		"--tls-cert-file=" + a.certFile,
		"--tls-private-key-file=" + a.keyFile,
	}
	if a.options.Config != "" {
		args = append(args, "--config="+a.configFile)
	}
	args = append(args, a.options.Args...)
	p, err := a.cluster.run(a.options.Name, a.options.Binary, args, a.options.Env)
	if err != nil {
		return err
	}
	a.process = p
	return nil
}

// Await is the second half of Start: it waits until the adapter is ready and, if the
// aggregator leads to it, answers through the API server.
func (a *Adapter) Await(ctx context.Context) error {
	client, err := rest.HTTPClientFor(a.RESTConfig(""))
	if err != nil {
		return fmt.Errorf("making a client for %s: %w", a.options.Name, err)
	}
	defer client.CloseIdleConnections()
	return a.process.await(ctx, "it is ready", func(ctx context.Context) error {
		if err := getOK(ctx, client, a.BaseURL()+"/readyz"); err != nil || !a.registered {
			return err
		}
		return a.cluster.apiAvailable(ctx, "external.metrics.k8s.io", "v1beta1")
	})
}

// Stop sends sig and waits for the end of the process; after 30 s it is killed. Call it for
// the adapter's own farewell (SIGTERM, which takes its shutdownDelay).
func (a *Adapter) Stop(sig syscall.Signal) { a.process.stop(sig, terminationGrace) }

// Kill ends the process at once, as a node that dies would.
func (a *Adapter) Kill() { a.process.stop(syscall.SIGKILL, terminationGrace) }

// Restart kills the process and starts it with another configuration, and waits as
// InstallAdapter does.
func (a *Adapter) Restart(ctx context.Context, config string) error {
	a.Kill()
	a.options.Config = config
	if _, err := writeFile(a.cluster.dir, a.options.Name+".yaml", []byte(config)); err != nil {
		return err
	}
	return a.Start(ctx)
}

// Done is closed when the present process has ended.
func (a *Adapter) Done() <-chan struct{} { return a.process.done }

// Exit is how the process ended: its exit status, or -1 if a signal ended it. It is an
// error to ask while it runs.
func (a *Adapter) Exit() (int, error) {
	if a.process.running() {
		return 0, errors.New(a.options.Name + " still runs")
	}
	return a.process.cmd.ProcessState.ExitCode(), nil
}

// Pid is the process id.
func (a *Adapter) Pid() int { return a.process.cmd.Process.Pid }

// Logs is everything that the adapter has printed, over all its restarts.
func (a *Adapter) Logs() string {
	text, err := os.ReadFile(a.process.logPath)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// BaseURL is where the adapter listens, as https://127.96.12.34:10250.
func (a *Adapter) BaseURL() string {
	return "https://" + net.JoinHostPort(a.options.ServiceIP, strconv.Itoa(adapterPort))
}

// RESTConfig is a client configuration that speaks to the adapter itself, past the API
// server, with the given bearer token, or anonymously without one.
func (a *Adapter) RESTConfig(token string) *rest.Config {
	return &rest.Config{
		Host:        a.BaseURL(),
		BearerToken: token,
		TLSClientConfig: rest.TLSClientConfig{
			CAData:     a.cluster.keys.cluster.pem,
			ServerName: a.options.Service + "." + AdapterNamespace + ".svc",
		},
		QPS:   500,
		Burst: 1000,
	}
}

// HTTPClient is RESTConfig as a plain client.
func (a *Adapter) HTTPClient(token string) (*http.Client, error) {
	client, err := rest.HTTPClientFor(a.RESTConfig(token))
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", a.options.Name, err)
	}
	return client, nil
}

// Token is a token of the adapter's own ServiceAccount.
func (a *Adapter) Token(ctx context.Context) (string, error) {
	return a.cluster.TokenFor(ctx, AdapterNamespace, AdapterName)
}
