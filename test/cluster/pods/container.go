package pods

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// The pause before a container is restarted doubles from the first to the longest.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// container is one container of a Pod, over all its restarts.
type container struct {
	pod  *worker
	spec *corev1.Container

	mu      sync.Mutex
	status  corev1.ContainerStatus
	ready   bool // what the readiness probe says
	process Process
}

func newContainer(w *worker, spec *corev1.Container) *container {
	c := &container{pod: w, spec: spec}
	c.status = corev1.ContainerStatus{Name: spec.Name, Image: spec.Image, Started: ptr.To(false)}
	c.status.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	return c
}

// run starts the container, and again as the Pod's restart policy says, until life ends.
func (c *container) run(life context.Context) {
	delay := firstPause
	for {
		c.once(life)
		if life.Err() != nil || !c.restarts() {
			return
		}
		c.backOff(delay)
		if !pause(life, delay) {
			return
		}
		delay = min(2*delay, longestPause)
	}
}

// backOff says why the container does not run now. What kept it from starting stays said.
func (c *container) backOff(delay time.Duration) {
	if c.now().State.Terminated == nil {
		return
	}
	c.waits("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s", delay, c.spec.Name))
	c.change(func(s *corev1.ContainerStatus) { s.RestartCount++ })
}

// once runs the container from one start to its end.
func (c *container) once(life context.Context) {
	command, err := c.pod.command(life, c.spec)
	if err != nil {
		c.waits("CreateContainerConfigError", err.Error())
		return
	}
	process, err := c.pod.options.Start(command)
	if err != nil {
		c.waits("RunContainerError", err.Error())
		return
	}
	began := metav1.Now()
	c.runs(process, began)
	// Readiness is asked for as long as the container runs, the rest while the Pod lives.
	probing, stop := context.WithCancel(context.WithoutCancel(life))
	unhealthy := c.probe(probing, life)
	reason := ""
	select {
	case <-process.Done():
	case reason = <-unhealthy:
		process.Stop(c.patience())
	case <-life.Done():
		process.Stop(c.pod.grace())
	}
	stop()
	c.ended(process, began, reason)
}

// patience is how long a container that is restarted may take to end.
func (c *container) patience() time.Duration {
	seconds := c.pod.latest().Spec.TerminationGracePeriodSeconds
	if seconds == nil {
		return corev1.DefaultTerminationGracePeriodSeconds * time.Second
	}
	return time.Duration(*seconds) * time.Second
}

// kill ends the container now, whatever grace it was given.
func (c *container) kill() {
	c.mu.Lock()
	process := c.process
	c.mu.Unlock()
	if process != nil {
		process.Stop(0)
	}
}

// restarts says whether the Pod wants a container that has ended, or could not be started, to
// be started again.
func (c *container) restarts() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.status.State.Terminated
	switch c.pod.latest().Spec.RestartPolicy {
	case corev1.RestartPolicyNever:
		return last == nil
	case corev1.RestartPolicyOnFailure:
		return last == nil || last.ExitCode != 0
	default:
		return true
	}
}

func (c *container) waits(reason, message string) {
	c.change(func(s *corev1.ContainerStatus) {
		if s.State.Terminated != nil {
			s.LastTerminationState = s.State
		}
		s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	})
}

func (c *container) runs(process Process, began metav1.Time) {
	c.change(func(s *corev1.ContainerStatus) {
		c.process, c.ready = process, c.spec.ReadinessProbe == nil
		s.Started = ptr.To(c.spec.StartupProbe == nil)
		s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: began}}
	})
}

// ended notes how the process has ended; unhealthy is why it was made to, if it was.
func (c *container) ended(process Process, began metav1.Time, unhealthy string) {
	code, signal := process.Exit()
	state := &corev1.ContainerStateTerminated{
		ExitCode: code, Signal: signal, Reason: "Completed", Message: unhealthy, StartedAt: began, FinishedAt: metav1.Now(),
	}
	if code != 0 {
		state.Reason = "Error"
		if c.spec.TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError {
			state.Message = strings.TrimSpace(unhealthy + "\n" + process.Tail(20))
		}
	}
	c.change(func(s *corev1.ContainerStatus) {
		c.ready, s.Started = false, ptr.To(false)
		s.State = corev1.ContainerState{Terminated: state}
	})
}

// change changes the status and has it reported.
func (c *container) change(by func(*corev1.ContainerStatus)) {
	c.mu.Lock()
	by(&c.status)
	c.status.Ready = c.ready && c.status.State.Running != nil && *c.status.Started
	c.mu.Unlock()
	c.pod.tell()
}

// now is the status at this moment.
func (c *container) now() corev1.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.status.DeepCopy()
}
