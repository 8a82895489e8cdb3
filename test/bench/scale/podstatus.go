package scale

import (
	"crypto/sha256"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// run gives a Pod the status that its kubelet would: it has been Running and Ready since a moment.
func run(p *corev1.Pod, number int, since time.Time) {
	at := metav1.NewTime(since)
	ip := fmt.Sprintf("198.%d.%d.%d", 18+number>>16, number>>8&0xff, number&0xff)
	p.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, QOSClass: corev1.PodQOSBurstable, StartTime: &at,
		PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, HostIP: "192.0.2.7", HostIPs: []corev1.HostIP{{IP: "192.0.2.7"}},
	}
	for _, kind := range []corev1.PodConditionType{
		corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled,
	} {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: at})
	}
	for i := range p.Spec.InitContainers {
		p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, status(p, &p.Spec.InitContainers[i], at))
	}
	for i := range p.Spec.Containers {
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, status(p, &p.Spec.Containers[i], at))
	}
}

// status is that of a container which runs, with the resources that it has been given.
func status(p *corev1.Pod, c *corev1.Container, since metav1.Time) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		Name: c.Name, Image: c.Image, Ready: true, Started: ptr.To(true),
		State:       corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: since}},
		ImageID:     fmt.Sprintf("%s@sha256:%x", c.Image, sha256.Sum256([]byte(c.Image))),
		ContainerID: fmt.Sprintf("containerd://%x", sha256.Sum256([]byte(p.Name+c.Name))),
		Resources:   c.Resources.DeepCopy(),
	}
}
