package cluster

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// The names of the processes that an outage can take away.
const (
	etcdProcess      = "etcd"
	apiServerProcess = "kube-apiserver"
)

// farewell is how long a component may take over its end before it is killed.
const farewell = 3 * time.Second

// StopAPIServer ends kube-apiserver with all its connections, until StartAPIServer. The
// other components stay, and try to reach it.
func (c *Cluster) StopAPIServer() error { return c.takeAway(apiServerProcess) }

// StartAPIServer starts kube-apiserver again, at the same address and with the same data,
// and returns when it is ready.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	return c.bringBack(ctx, apiServerProcess)
}

// StopEtcd ends etcd, until StartEtcd: the API server has what it remembers, and can write
// nothing.
func (c *Cluster) StopEtcd() error { return c.takeAway(etcdProcess) }

// StartEtcd starts etcd again with its data, and returns when the API server is ready.
func (c *Cluster) StartEtcd(ctx context.Context) error { return c.bringBack(ctx, etcdProcess) }

func (c *Cluster) takeAway(name string) error {
	p, err := c.newest(name)
	if err != nil {
		return err
	}
	if !p.running() {
		return errors.New(name + " does not run")
	}
	p.stop(syscall.SIGTERM, farewell)
	c.progress(name + " is away")
	return nil
}

func (c *Cluster) bringBack(ctx context.Context, name string) error {
	last, err := c.newest(name)
	if err != nil {
		return err
	}
	if last.running() {
		return errors.New(name + " runs already")
	}
	p, err := c.start(name, last.cmd.Args[1:]...)
	if err != nil {
		return err
	}
	if err := p.await(ctx, "the API server is ready", c.apiServerReady); err != nil {
		return err
	}
	c.progress(name + " is back")
	return nil
}

func (c *Cluster) apiServerReady(ctx context.Context) error {
	_, err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err
}

// newest is the last process of that name.
func (c *Cluster) newest(name string) (*process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found *process
	for _, p := range c.processes {
		if p.name == name {
			found = p
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s was never started", name)
	}
	return found, nil
}
