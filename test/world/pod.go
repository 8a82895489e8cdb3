package world

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Owner is the workload of a Pod, seen as a node agent sees it: through the
// Pod's controller reference and labels.
type Owner struct {
	// Kind is Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, or empty.
	Kind, Name string
	// Rollout says that a Pod of the form of a Deployment belongs to an Argo
	// Rollout.
	Rollout bool
}

// rolloutHash is the label Argo Rollouts puts on its Pods.
const rolloutHash = "rollouts-pod-template-hash"

// pod is what the world remembers of a Pod.
type pod struct {
	uid        types.UID
	key        types.NamespacedName
	node       string
	labels     map[string]string
	service    *service
	running    bool
	ready      bool
	ending     bool
	containers map[string]*container // by name; those that count
}

// container is one container of a Pod, through all its restarts.
type container struct {
	request  Cores
	restarts int32
	track    *Track   // nil while it does not run
	past     []*Track // of former lives
}

// ownerOf reads the workload from the name of the ReplicaSet, as Datadog's
// agent does.
func ownerOf(p *corev1.Pod) Owner {
	ref := metav1.GetControllerOfNoCopy(p)
	if ref == nil {
		return Owner{}
	}
	if ref.Kind != "ReplicaSet" {
		return Owner{Kind: ref.Kind, Name: ref.Name}
	}
	cut := strings.LastIndexByte(ref.Name, '-')
	if cut <= 0 || !templateHash(ref.Name[cut+1:]) {
		return Owner{Kind: ref.Kind, Name: ref.Name}
	}
	return Owner{Kind: "Deployment", Name: ref.Name[:cut], Rollout: p.Labels[rolloutHash] != ""}
}

// templateHash says whether a suffix looks like a hash of a Pod template:
// Kubernetes writes it without vowels and the digits 0, 1 and 3.
func templateHash(suffix string) bool {
	if len(suffix) < 1 || len(suffix) > 10 {
		return false
	}
	return strings.Trim(suffix, "bcdfghjklmnpqrstvwxz2456789") == ""
}

// counting lists the containers of a Pod that have a usage of their own: the
// ordinary ones, and init containers that keep running beside them.
func counting(p *corev1.Pod) []corev1.Container {
	list := append([]corev1.Container(nil), p.Spec.Containers...)
	for _, c := range p.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			list = append(list, c)
		}
	}
	return list
}

// statuses finds the status of each container by name.
func statuses(p *corev1.Pod) map[string]*corev1.ContainerStatus {
	byName := make(map[string]*corev1.ContainerStatus, len(p.Status.ContainerStatuses))
	for _, list := range [][]corev1.ContainerStatus{p.Status.ContainerStatuses, p.Status.InitContainerStatuses} {
		for i := range list {
			byName[list[i].Name] = &list[i]
		}
	}
	return byName
}

// requestOf prefers what the node has really given to what the spec wants.
func requestOf(c *corev1.Container, status *corev1.ContainerStatus) Cores {
	requests := c.Resources.Requests
	if status != nil && status.Resources != nil {
		requests = status.Resources.Requests
	}
	return Cores(requests.Cpu().AsApproximateFloat64())
}

func isReady(p *corev1.Pod) bool {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == corev1.PodReady {
			return p.Status.Conditions[i].Status == corev1.ConditionTrue
		}
	}
	return false
}

// observe takes over the present state of the Pod.
func (m *pod) observe(now time.Time, p *corev1.Pod) {
	m.node, m.labels = p.Spec.NodeName, p.Labels
	m.running = p.Status.Phase == corev1.PodRunning
	m.ready = isReady(p)
	m.ending = p.DeletionTimestamp != nil
	owner, status := ownerOf(p), statuses(p)
	for _, spec := range counting(p) {
		c := m.containers[spec.Name]
		if c == nil {
			c = &container{}
			m.containers[spec.Name] = c
		}
		c.request = requestOf(&spec, status[spec.Name])
		c.observe(now, m, status[spec.Name])
		if c.track != nil {
			c.track.Container, c.track.Owner, c.track.Request = spec.Name, owner, c.request
		}
	}
}

// observe starts and ends the container's track. A container without a
// status runs when its Pod runs: some node simulators leave statuses out.
func (c *container) observe(now time.Time, m *pod, status *corev1.ContainerStatus) {
	running, restarts, started := m.running, c.restarts, now
	if status != nil {
		running = running && status.State.Running != nil
		restarts = status.RestartCount
	}
	if c.track != nil && (!running || restarts != c.restarts) {
		c.end(now)
	}
	c.restarts = restarts
	if !running || c.track != nil {
		return
	}
	if status != nil && !status.State.Running.StartedAt.IsZero() && status.State.Running.StartedAt.Time.Before(now) {
		started = status.State.Running.StartedAt.Time
	}
	c.track = &Track{
		Namespace: m.key.Namespace, Pod: m.key.Name, Node: m.node,
		Started: started, counter: newCounter(started.UnixNano()),
	}
}

func (c *container) end(now time.Time) {
	if c.track == nil {
		return
	}
	c.track.counter.set(now.UnixNano(), 0)
	c.track.Ended = now
	c.past = append(c.past, c.track)
	c.track = nil
}
