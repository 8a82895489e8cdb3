package pods

import (
	"context"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// retryPause is how long to wait after the API did not take a status or a deletion.
const retryPause = 200 * time.Millisecond

// report tells the API each change of the Pod's status, until ctx ends.
func (w *worker) report(ctx context.Context) {
	w.tell()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.changed:
			every(ctx, retryPause, func() bool { return w.publish(ctx) })
		}
	}
}

// publish tells the API the status of now. It returns true when there is nothing more to do.
func (w *worker) publish(ctx context.Context) bool {
	client := w.options.Client.CoreV1().Pods(w.namespace)
	last := w.latest()
	pod, err := client.Get(ctx, last.Name, metav1.GetOptions{})
	if err != nil {
		return apierrors.IsNotFound(err)
	}
	if pod.UID != last.UID {
		return true
	}
	w.fillStatus(pod)
	_, err = client.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err == nil || apierrors.IsNotFound(err)
}

// bury tells the API how the containers have ended, and that the Pod may go.
func (w *worker) bury(ctx context.Context) {
	pod := w.latest()
	every(ctx, retryPause, func() bool { return w.publish(ctx) })
	every(ctx, retryPause, func() bool {
		err := w.options.Client.CoreV1().Pods(w.namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: ptr.To(int64(0)), Preconditions: metav1.NewUIDPreconditions(string(pod.UID)),
		})
		// A conflict: another Pod has the name, so this one is gone.
		return err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err)
	})
}

// fillStatus puts what a kubelet knows into the Pod's status, and leaves what others do.
func (w *worker) fillStatus(pod *corev1.Pod) {
	s := &pod.Status
	s.ContainerStatuses = nil
	for _, c := range w.containers {
		s.ContainerStatuses = append(s.ContainerStatuses, c.now())
	}
	published := w.options.Publish(w.ip)
	s.PodIP, s.PodIPs = published, []corev1.PodIP{{IP: published}}
	s.HostIP, s.HostIPs = w.options.HostIP, []corev1.HostIP{{IP: w.options.HostIP}}
	s.StartTime = &w.began
	s.Phase = phase(pod.Spec.RestartPolicy, s.ContainerStatuses)

	unready := unready(s.ContainerStatuses)
	reason, message := "", ""
	switch {
	case s.Phase == corev1.PodSucceeded:
		reason = "PodCompleted"
	case s.Phase == corev1.PodFailed:
		reason = "PodFailed"
	case len(unready) > 0:
		reason, message = "ContainersNotReady", "containers with unready status: ["+strings.Join(unready, " ")+"]"
	}
	set(s, corev1.PodReadyToStartContainers, true, "", "")
	set(s, corev1.PodInitialized, true, "", "")
	set(s, corev1.ContainersReady, reason == "", reason, message)
	set(s, corev1.PodReady, reason == "", reason, message)
}

func unready(statuses []corev1.ContainerStatus) []string {
	var names []string
	for _, s := range statuses {
		if !s.Ready {
			names = append(names, s.Name)
		}
	}
	return names
}

// phase is what the containers' states make of the Pod.
func phase(policy corev1.RestartPolicy, statuses []corev1.ContainerStatus) corev1.PodPhase {
	created, ended, failed := 0, 0, 0
	for _, s := range statuses {
		if s.State.Waiting == nil || s.LastTerminationState.Terminated != nil {
			created++
		}
		if s.State.Terminated != nil {
			ended++
			if s.State.Terminated.ExitCode != 0 {
				failed++
			}
		}
	}
	final := ended == len(statuses) && (policy == corev1.RestartPolicyNever || policy == corev1.RestartPolicyOnFailure && failed == 0)
	switch {
	case created < len(statuses):
		return corev1.PodPending
	case final && failed > 0:
		return corev1.PodFailed
	case final:
		return corev1.PodSucceeded
	}
	return corev1.PodRunning
}

// set sets a condition, whose time changes with its status alone.
func set(s *corev1.PodStatus, kind corev1.PodConditionType, is bool, reason, message string) {
	want := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message, LastTransitionTime: metav1.Now()}
	if is {
		want.Status = corev1.ConditionTrue
	}
	for i, have := range s.Conditions {
		if have.Type == kind {
			if have.Status == want.Status {
				want.LastTransitionTime = have.LastTransitionTime
			}
			s.Conditions[i] = want
			return
		}
	}
	s.Conditions = append(s.Conditions, want)
}
