package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// The annotations that tests may give a Pod; the package's documentation describes them.
const (
	HungAnnotation           = "crest.test/hung"
	ReadyAfterAnnotation     = "crest.test/ready-after"
	WaitingAnnotation        = "crest.test/waiting"
	TerminateAfterAnnotation = "crest.test/terminate-after"
)

// podTimeout is how long a Pod may take to become what it was told to be.
const podTimeout = 20 * time.Second

// SetPodReady makes a Running Pod Ready or not, through its hung annotation, and waits
// until its Ready condition says so.
func (c *Cluster) SetPodReady(ctx context.Context, namespace, name string, ready bool) error {
	var hung any = "true"
	if ready {
		hung = nil // removes it
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{HungAnnotation: hung}}})
	if err != nil {
		return fmt.Errorf("encoding the annotation of Pod %s/%s: %w", namespace, name, err)
	}
	pods := c.client.CoreV1().Pods(namespace)
	if _, err := pods.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("annotating Pod %s/%s: %w", namespace, name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, podTimeout)
	defer cancel()
	return poll(ctx, func(ctx context.Context) error {
		pod, err := pods.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return permanent{fmt.Errorf("asking for Pod %s/%s: %w", namespace, name, err)}
		}
		if PodReady(pod) != ready {
			return fmt.Errorf("the Pod %s/%s: Ready is not %t yet", namespace, name, ready)
		}
		return nil
	})
}

// PodReady says whether the Pod's Ready condition is True.
func PodReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}

// Resize changes the CPU request of one container of a Running Pod in place, through the
// resize subresource; a native sidecar is a container too. With actuated the harness acts
// as the kubelet and reports the new request in status.containerStatuses[].resources.
// Without, the kubelet defers the resize: the spec says the new request, the status the old
// one and the condition PodResizePending.
func (c *Cluster) Resize(ctx context.Context, namespace, name, container string, cpu resource.Quantity, actuated bool) error {
	pods := c.client.CoreV1().Pods(namespace)
	pod, err := pods.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("asking for Pod %s/%s: %w", namespace, name, err)
	}
	if !setRequest(pod, container, cpu) {
		return fmt.Errorf("the Pod %s/%s has no container %s", namespace, name, container)
	}
	if pod, err = pods.UpdateResize(ctx, name, pod, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("resizing %s of Pod %s/%s: %w", container, namespace, name, err)
	}
	pod.Status.Conditions = slices.DeleteFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodResizePending
	})
	if actuated {
		reportRequest(pod, container, cpu)
	} else {
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{
			Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: corev1.PodReasonDeferred,
			Message: "Node didn't have enough resource: cpu", LastTransitionTime: metav1.NewTime(time.Now()),
		})
	}
	if _, err := pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("reporting the resize of %s of Pod %s/%s: %w", container, namespace, name, err)
	}
	return nil
}

func setRequest(pod *corev1.Pod, container string, cpu resource.Quantity) bool {
	for _, containers := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			if containers[i].Name == container {
				setCPU(&containers[i].Resources.Requests, cpu)
				return true
			}
		}
	}
	return false
}

func reportRequest(pod *corev1.Pod, container string, cpu resource.Quantity) {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range statuses {
			if statuses[i].Name != container {
				continue
			}
			if statuses[i].Resources == nil {
				statuses[i].Resources = &corev1.ResourceRequirements{}
			}
			setCPU(&statuses[i].Resources.Requests, cpu)
		}
	}
}

func setCPU(list *corev1.ResourceList, cpu resource.Quantity) {
	if *list == nil {
		*list = corev1.ResourceList{}
	}
	(*list)[corev1.ResourceCPU] = cpu
}
