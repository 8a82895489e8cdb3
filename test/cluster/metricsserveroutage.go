package cluster

import (
	"context"
	"fmt"
	"syscall"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const metricsServerProcess = "metrics-server"

// UnregisterMetricsServer deletes metrics-server's APIService, until RegisterMetricsServer:
// the API server does not know metrics.k8s.io any more.
func (c *Cluster) UnregisterMetricsServer(ctx context.Context) error {
	services := schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	if err := c.applier.dynamic.Resource(services).Delete(ctx, "v1beta1.metrics.k8s.io", metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("deleting metrics-server's APIService: %w", err)
	}
	c.progress(metricsServerProcess + " is not registered")
	return nil
}

// RegisterMetricsServer applies the manifests of metrics-server, and so its APIService.
func (c *Cluster) RegisterMetricsServer(ctx context.Context) error {
	objects, err := Objects(metricsServerManifest)
	if err != nil {
		return err
	}
	if err := c.withCA(objects); err != nil {
		return err
	}
	return c.applier.apply(ctx, objects)
}

// StopMetricsServer ends metrics-server, until StartMetricsServer: metrics.k8s.io is
// registered, and the API server answers 503 for it.
func (c *Cluster) StopMetricsServer() error { return c.takeAway(metricsServerProcess) }

// StartMetricsServer starts metrics-server again, at the same address. It has something to
// say of Pods after two scrapes.
func (c *Cluster) StartMetricsServer(ctx context.Context) error {
	return c.bringBack(ctx, metricsServerProcess)
}

// FreezeMetricsServer has metrics-server stand still, until ThawMetricsServer: it takes
// connections and never answers.
func (c *Cluster) FreezeMetricsServer() error {
	return c.signalMetricsServer(syscall.SIGSTOP, "stands still")
}

// ThawMetricsServer has metrics-server go on where it stood.
func (c *Cluster) ThawMetricsServer() error {
	return c.signalMetricsServer(syscall.SIGCONT, "goes on")
}

func (c *Cluster) signalMetricsServer(sig syscall.Signal, what string) error {
	p, err := c.newest(metricsServerProcess)
	if err != nil {
		return err
	}
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("sending metrics-server %v: %w", sig, err)
	}
	c.progress(metricsServerProcess + " " + what)
	return nil
}
