package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// start runs one of the built programs; Stop will stop it.
func (c *Cluster) start(name string, args ...string) (*process, error) {
	return c.run(name, filepath.Join(c.options.Bin, name), args, nil)
}

// run runs any program with env added to a bare environment; Stop will stop it.
func (c *Cluster) run(name, path string, args, env []string) (*process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.stopping:
		return nil, fmt.Errorf("starting %s: the cluster is stopping", name)
	default:
	}
	// A home of its own keeps the user's configuration files (kwok reads ~/.kwok) out.
	env = append([]string{"HOME=" + c.dir, "PATH=" + os.Getenv("PATH")}, env...)
	p, err := startProcess(name, path, args, env, c.dir, c.options.LogDir)
	if err != nil {
		return nil, err
	}
	c.processes = append(c.processes, p)
	return p, nil
}

// Stop stops all processes of the cluster, etcd last (the API server would wait for it for
// ten seconds), and removes the temporary directory. It may be called more than once.
func (c *Cluster) Stop() {
	c.stopOnce.Do(func() {
		close(c.stopping)
		c.mu.Lock()
		processes := append([]*process(nil), c.processes...)
		first := c.first
		c.mu.Unlock()
		for _, clean := range slices.Backward(first) {
			clean()
		}

		byName := map[string]*process{}
		var others sync.WaitGroup
		for _, p := range processes {
			if p.name == etcdProcess || p.name == apiServerProcess {
				byName[p.name] = p
				continue
			}
			// Nothing here has a state worth a farewell, and the adapter would take its
			// shutdownDelay to say one.
			others.Go(func() { p.stop(syscall.SIGKILL, 0) })
		}
		others.Wait()
		for _, name := range []string{apiServerProcess, etcdProcess} {
			if p := byName[name]; p != nil {
				p.stop(syscall.SIGTERM, farewell)
			}
		}
		for _, clean := range slices.Backward(c.cleanup) {
			clean()
		}
	})
}

// beforeStop has clean called before the processes are stopped; what was added last comes
// first.
func (c *Cluster) beforeStop(clean func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.first = append(c.first, clean)
}

// atStop has clean called once all processes have stopped; what was added last comes first.
func (c *Cluster) atStop(clean func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cleanup = append(c.cleanup, clean)
}
