package pods

import (
	"cmp"
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/probe"
	"k8s.io/kubernetes/pkg/probe/http"
	"k8s.io/kubernetes/pkg/probe/tcp"
	"k8s.io/utils/ptr"
)

// probe asks the container's probes until probing ends; startup and liveness until life
// does. What comes out is why the container must be restarted.
func (c *container) probe(probing, life context.Context) <-chan string {
	unhealthy := make(chan string, 2)
	go func() {
		if !c.startup(life, unhealthy) {
			return
		}
		c.change(func(s *corev1.ContainerStatus) { s.Started = ptr.To(true) })
		go c.liveness(life, probing, unhealthy)
		c.readiness(probing)
	}()
	return unhealthy
}

// startup returns true once the container has started.
func (c *container) startup(life context.Context, unhealthy chan<- string) bool {
	started := false
	c.ask(life, c.spec.StartupProbe, false, func(ok bool, message string) bool {
		started = ok
		if !ok {
			unhealthy <- "startup probe failed: " + message
		}
		return false
	})
	return started || c.spec.StartupProbe == nil
}

func (c *container) liveness(life, probing context.Context, unhealthy chan<- string) {
	both, stop := context.WithCancel(life)
	defer stop()
	defer context.AfterFunc(probing, stop)()
	c.ask(both, c.spec.LivenessProbe, true, func(ok bool, message string) bool {
		if !ok {
			unhealthy <- "liveness probe failed: " + message
		}
		return ok
	})
}

func (c *container) readiness(probing context.Context) {
	c.ask(probing, c.spec.ReadinessProbe, false, func(ok bool, _ string) bool {
		c.change(func(*corev1.ContainerStatus) { c.ready = ok })
		return true
	})
}

// ask asks a probe at its interval until ctx ends. told hears each time as many answers in
// a row as the thresholds want say something else than before, and whether to go on. Before the
// first, the answer counts as what initial says, but a first failure is told in any case.
func (c *container) ask(ctx context.Context, p *corev1.Probe, initial bool, told func(ok bool, message string) bool) {
	if p == nil || !pause(ctx, time.Duration(p.InitialDelaySeconds)*time.Second) {
		return
	}
	result, known, good, bad := initial, initial, 0, 0
	every(ctx, time.Duration(cmp.Or(p.PeriodSeconds, 10))*time.Second, func() bool {
		ok, message := c.tries(p)
		if ok {
			good, bad = good+1, 0
		} else {
			good, bad = 0, bad+1
		}
		if ctx.Err() != nil || ok && good < int(cmp.Or(p.SuccessThreshold, 1)) || !ok && bad < int(cmp.Or(p.FailureThreshold, 3)) {
			return false
		}
		if known && ok == result {
			return false
		}
		result, known = ok, true
		return !told(ok, message)
	})
}

// tries asks a probe once.
func (c *container) tries(p *corev1.Probe) (ok bool, message string) {
	timeout := time.Duration(cmp.Or(p.TimeoutSeconds, 1)) * time.Second
	ask := c.asksTCP
	if p.HTTPGet != nil {
		ask = c.asksHTTP
	}
	result, message, err := ask(p, timeout)
	if err != nil {
		return false, err.Error()
	}
	return result == probe.Success || result == probe.Warning, message
}

func (c *container) asksHTTP(p *corev1.Probe, timeout time.Duration) (probe.Result, string, error) {
	request, err := http.NewRequestForHTTPGetAction(p.HTTPGet, c.spec, c.pod.ip, "probe")
	if err != nil {
		return probe.Unknown, "", err
	}
	return http.New(false).Probe(request, timeout)
}

func (c *container) asksTCP(p *corev1.Probe, timeout time.Duration) (probe.Result, string, error) {
	port, err := probe.ResolveContainerPort(p.TCPSocket.Port, c.spec)
	if err != nil {
		return probe.Unknown, "", err
	}
	return tcp.New().Probe(cmp.Or(p.TCPSocket.Host, c.pod.ip), port, timeout)
}

// pause returns false if ctx ends before it is over.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
