package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/tools/cache"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/config"
	"github.com/crest-hpa/crest/pkg/inventory"
	"github.com/crest-hpa/crest/pkg/provider"
)

// App is one adapter.
type App struct {
	options *Options
	config  config.AdapterConfiguration
	log     logr.Logger

	registry  *prometheus.Registry
	inventory *inventory.Inventory
	collector *collector.Collector
	provider  *provider.Provider
	// rotation is nil where the certificate comes from elsewhere.
	rotation *rotation

	listening atomic.Pointer[net.Addr]
}

// New reads the configuration and puts the adapter together. It calls nobody
// and starts nothing. The error is a *UsageError where the flags, the
// configuration file or the environment are wrong. An App takes its Options
// over: they make one App.
func New(o *Options) (*App, error) {
	c, keys, err := o.load()
	if err != nil {
		return nil, err
	}
	if err := o.library.validate(); err != nil {
		return nil, &UsageError{err}
	}
	if c.Certificate.Rotate && o.library.hasCertificateFiles() {
		return nil, &UsageError{errors.New("certificate.rotate is true, so that Crest makes its certificate itself: " +
			"leave out --tls-cert-file and --tls-private-key-file, or set certificate.rotate to false")}
	}
	o.library.setKubeconfig(o.Kubeconfig)
	cluster, err := o.library.clientConfig()
	if err != nil {
		return nil, &UsageError{err}
	}
	if err := registerLibraryMetrics(); err != nil {
		return nil, err
	}
	a := &App{options: o, config: c, log: o.Log, registry: newRegistry(o.Version)}
	if err := a.wire(keys, cluster); err != nil {
		return nil, fmt.Errorf("putting the adapter together: %w", err)
	}
	if a.rotation, err = a.newRotation(cluster); err != nil {
		return nil, fmt.Errorf("putting the adapter together: %w", err)
	}
	return a, nil
}

// Addr is where the adapter listens; nil before it does.
func (a *App) Addr() net.Addr {
	if addr := a.listening.Load(); addr != nil {
		return *addr
	}
	return nil
}

// Run serves until ctx ends, and then for shutdownDelay more: not ready, but
// answering. A Kubernetes API server that is away at the start is waited for,
// and so is the certificate that Crest makes itself, if it does. The error is
// nil after a clean stop.
func (a *App) Run(ctx context.Context) (err error) {
	a.log.Info("starting", "version", a.options.Version, "datadog", a.config.Datadog.Enabled,
		"site", a.config.Datadog.Site, "cluster", a.config.Datadog.ClusterName, "fallback", a.config.Fallback.Mode)
	if answers, err := a.waitForAPIServer(ctx); !answers {
		return err // nil when it is stopped before it began
	}
	stopRotation := a.rotation.start(context.WithoutCancel(ctx)) // to the end of what drains
	defer func() { err = errors.Join(err, stopRotation()) }()
	return a.serve(ctx)
}

// serve runs the server, the inventory and the collector, and ends all when
// one fails. The latter two outlive ctx: while the server drains, its answers
// stay fresh. They do not wait for the server either: the cluster is listed
// while it is put together.
func (a *App) serve(ctx context.Context) error {
	serving, stopServing := context.WithCancel(ctx)
	behind, stopBehind := context.WithCancel(context.WithoutCancel(ctx))
	var group errgroup.Group
	group.Go(func() error {
		defer stopBehind()
		if !a.rotation.wait(serving) {
			return nil
		}
		server, err := a.newServer()
		if err != nil {
			return err
		}
		addr := a.options.library.addr()
		a.listening.Store(&addr)
		a.log.Info("listening", "address", addr.String())
		return server.PrepareRun().RunWithContext(serving)
	})
	group.Go(func() error {
		defer stopServing()
		return a.inventory.Run(behind)
	})
	group.Go(func() error {
		defer stopServing()
		// A collection before the HPAs are known would find nothing wanted,
		// and make us ready with nothing to say. Datadog can be asked before
		// the Pods are: in a large cluster both take seconds.
		if !cache.WaitForCacheSync(behind.Done(), a.inventory.HPAsSynced) {
			return nil
		}
		return a.collector.Run(behind)
	})
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("running: %w", err)
	}
	a.log.Info("stopped")
	return nil
}

// newServer puts the API server together, with its listener bound.
func (a *App) newServer() (*genericapiserver.GenericAPIServer, error) {
	server, err := a.options.library.server(a.provider, a.rotation.certificate(), a.config.ShutdownDelay.Duration)
	if err != nil {
		return nil, err
	}
	addAggregatedDiscovery(server, a.provider)
	server.Handler.NonGoRestfulMux.Handle("/metrics", metricsHandler(a.registry))
	if err := a.addHealthChecks(server); err != nil {
		return nil, err
	}
	return server, nil
}
