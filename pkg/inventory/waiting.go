package inventory

import (
	corev1 "k8s.io/api/core/v1"
)

// waiting says what a Pod that is not Ready waits for, the earliest thing
// first: a node, its init containers, its containers, their probes, its
// readiness gates.
func waiting(pod *corev1.Pod) string {
	switch {
	case pod.DeletionTimestamp != nil:
		return "being deleted"
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return "ended: " + string(pod.Status.Phase)
	}
	if c := condition(pod, corev1.PodScheduled); c == nil || c.Status != corev1.ConditionTrue {
		if pod.Spec.NodeName == "" {
			return unscheduled(c)
		}
	}
	if why := waitingForInit(pod); why != "" {
		return why
	}
	if why := waitingForContainers(pod); why != "" {
		return why
	}
	for _, gate := range pod.Spec.ReadinessGates {
		if c := condition(pod, gate.ConditionType); c == nil || c.Status != corev1.ConditionTrue {
			return "readiness gate " + string(gate.ConditionType)
		}
	}
	if c := condition(pod, corev1.PodReady); c != nil && c.Reason != "" {
		return c.Reason
	}
	return "the kubelet"
}

func unscheduled(c *corev1.PodCondition) string {
	if c == nil || c.Reason == "" {
		return "the scheduler"
	}
	return c.Reason
}

func waitingForInit(pod *corev1.Pod) string {
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		s := statusOf(c.Name, pod.Status.InitContainerStatuses)
		switch {
		case s == nil:
			// The kubelet has not reported yet; containers tell more.
		case sidecar(c):
			if s.Started == nil || !*s.Started {
				return waitingForContainer(s)
			}
		case s.State.Terminated != nil && s.State.Terminated.ExitCode == 0:
			// Done.
		default:
			if why := stateOf(s); why != "" {
				return why
			}
			return "init container " + s.Name
		}
	}
	return ""
}

func waitingForContainers(pod *corev1.Pod) string {
	sidecars := pod.Status.InitContainerStatuses
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if s := statusOf(c.Name, sidecars); sidecar(c) && s != nil && !s.Ready {
			return waitingForContainer(s)
		}
	}
	for i := range pod.Status.ContainerStatuses {
		if s := &pod.Status.ContainerStatuses[i]; !s.Ready {
			return waitingForContainer(s)
		}
	}
	if len(pod.Status.ContainerStatuses) == 0 {
		return "the kubelet"
	}
	return ""
}

// waitingForContainer says why a container that is not Ready is not.
func waitingForContainer(s *corev1.ContainerStatus) string {
	if why := stateOf(s); why != "" {
		return why
	}
	if s.Started == nil || !*s.Started {
		return "startup probe of " + s.Name
	}
	return "readiness probe of " + s.Name
}

// stateOf is the reason of a container that does not run.
func stateOf(s *corev1.ContainerStatus) string {
	switch {
	case s.State.Waiting != nil && s.State.Waiting.Reason != "":
		return s.Name + ": " + s.State.Waiting.Reason
	case s.State.Waiting != nil:
		return s.Name + ": waiting"
	case s.State.Terminated != nil && s.State.Terminated.Reason != "":
		return s.Name + ": " + s.State.Terminated.Reason
	case s.State.Terminated != nil:
		return s.Name + ": terminated"
	default:
		return ""
	}
}
