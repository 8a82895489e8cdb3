package inventory

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// podRecord is all that is kept of a Pod: a fraction of the object, because a
// cluster may have 50,000. It is immutable.
type podRecord struct {
	*template
	// pod has the template's containers.
	pod             utilization.Pod
	resourceVersion string
	// ended Pods have succeeded or failed for good: they belong to no
	// workload any more.
	ended bool
}

// GetObjectMeta implements metav1.ObjectMetaAccessor: the informer wants to
// know which object this is, and of which version. It makes the metadata anew
// each time, for they are larger than the record.
func (p *podRecord) GetObjectMeta() metav1.Object {
	return &metav1.ObjectMeta{Namespace: p.namespace, Name: p.pod.Name, ResourceVersion: p.resourceVersion, Labels: p.labels}
}

// podReader turns Pods into podRecords.
type podReader struct{ templates templates }

// trim is the Pod informer's transform: a Pod becomes a podRecord, anything
// else stays as it is.
func (r *podReader) trim(obj any) (any, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	p := &podRecord{
		pod:             podOf(pod),
		resourceVersion: pod.ResourceVersion,
		ended:           pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed,
	}
	p.template = r.templates.share(&template{namespace: pod.Namespace, labels: pod.Labels, containers: p.pod.Containers})
	p.pod.Containers = p.containers
	return p, nil
}

// podOf is what the arithmetic needs of a Pod.
func podOf(pod *corev1.Pod) utilization.Pod {
	out := utilization.Pod{
		Name:       pod.Name,
		Running:    pod.Status.Phase == corev1.PodRunning,
		Deleting:   pod.DeletionTimestamp != nil,
		Started:    pod.CreationTimestamp.Time,
		Containers: containersOf(pod),
	}
	if pod.Status.StartTime != nil {
		out.Started = pod.Status.StartTime.Time
	}
	if c := condition(pod, corev1.PodReady); c != nil && c.Status == corev1.ConditionTrue {
		out.Ready, out.ReadySince = true, c.LastTransitionTime.Time
	} else {
		out.Waiting = waiting(pod)
	}
	return out
}

// containersOf are the containers that run as long as the Pod does: those of
// the spec, and init containers that are restarted always, which are native
// sidecars (KEP-753).
func containersOf(pod *corev1.Pod) []utilization.Container {
	out := make([]utilization.Container, 0, len(pod.Spec.Containers))
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		out = append(out, containerOf(c, pod.Status.ContainerStatuses))
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; sidecar(c) {
			out = append(out, containerOf(c, pod.Status.InitContainerStatuses))
		}
	}
	return out
}

func sidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// containerOf takes the request that is in force from the status where the
// kubelet reports it (KEP-1287, in-place resize: the spec is what is desired),
// else from the spec. A status without a CPU request says nothing about it:
// the kubelet may not have read it back yet.
func containerOf(c *corev1.Container, statuses []corev1.ContainerStatus) utilization.Container {
	request := c.Resources.Requests.Cpu().MilliValue()
	if s := statusOf(c.Name, statuses); s != nil && s.Resources != nil {
		if actual := s.Resources.Requests.Cpu().MilliValue(); actual > 0 {
			request = actual
		}
	}
	return utilization.Container{Name: c.Name, Request: utilization.FromMillicores(request)}
}

func statusOf(container string, statuses []corev1.ContainerStatus) *corev1.ContainerStatus {
	for i := range statuses {
		if statuses[i].Name == container {
			return &statuses[i]
		}
	}
	return nil
}

func condition(pod *corev1.Pod, of corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == of {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// samePod says that two Pods do not differ in anything that is published.
func samePod(a, b *utilization.Pod) bool {
	return a.Name == b.Name && a.Running == b.Running && a.Ready == b.Ready && a.Deleting == b.Deleting &&
		a.Started.Equal(b.Started) && a.ReadySince.Equal(b.ReadySince) && a.Waiting == b.Waiting &&
		slices.Equal(a.Containers, b.Containers)
}
