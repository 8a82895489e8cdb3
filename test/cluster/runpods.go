package cluster

import (
	"context"
	"syscall"
	"time"

	"github.com/crest-hpa/crest/test/cluster/pods"
	"github.com/crest-hpa/crest/test/cluster/services"
)

// runSelector is the label selector of the Pods that kwok leaves alone.
const runSelector = "app.kubernetes.io/name=" + AdapterName

// RunPods has the Pods with the label app.kubernetes.io/name=crest run as processes, from now
// until Stop, and leads connections to their Services to them. program is what their image
// contains; empty: BuildAdapter builds the repository's. See the packages pods and services for what
// a Pod then sees. A Pod's log is the file NAME.CONTAINER.log in Logs;
// kubectl logs shows it where there is a KubeletHandler.
func (c *Cluster) RunPods(ctx context.Context, program string) error {
	if program == "" {
		binary, err := BuildAdapter(ctx, c.options.Progress)
		if err != nil {
			return err
		}
		program = binary
	}
	runner, err := pods.Run(ctx, pods.Options{
		Client: c.client, Selector: runSelector, Server: c.server, Program: program,
		Dir: c.path("pods"), HostIP: c.addresses.control(), NextIP: c.addresses.next, Publish: c.addresses.publish,
		Start: c.startContainer,
	})
	if err != nil {
		return err
	}
	proxy, err := services.Run(ctx, c.client, c.addresses.behind, func(err error) { c.progress(err.Error()) })
	if err != nil {
		runner.Stop()
		return err
	}
	c.beforeStop(func() {
		runner.Stop()
		proxy.Stop()
	})
	return nil
}

// PodAddress is the address of this machine at which a Pod that runs as processes listens, by
// its status.podIP; false for any other Pod.
func (c *Cluster) PodAddress(podIP string) (string, bool) { return c.addresses.behind(podIP) }

func (c *Cluster) startContainer(command pods.Command) (pods.Process, error) {
	p, err := c.run(command.Name, command.Path, command.Args, command.Env)
	if err != nil {
		return nil, err
	}
	return containerProcess{p}, nil
}

// containerProcess is a process as a container.
type containerProcess struct{ *process }

func (p containerProcess) Done() <-chan struct{} { return p.done }

func (p containerProcess) Stop(grace time.Duration) { p.stop(syscall.SIGTERM, grace) }

func (p containerProcess) Tail(lines int) string { return p.tail(lines) }

// Exit is as container runtimes report it: 128 and the signal, where one ended it.
func (p containerProcess) Exit() (code, signal int32) {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 128 + int32(status.Signal()), int32(status.Signal())
	}
	return int32(p.cmd.ProcessState.ExitCode()), 0
}
