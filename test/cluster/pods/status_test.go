package pods

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestPhaseOfAPod(t *testing.T) {
	waits := corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}}
	runs := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	ended := func(code int32) corev1.ContainerStatus {
		return corev1.ContainerStatus{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}}
	}
	restarts := waits
	restarts.LastTerminationState = ended(1).State
	tests := map[string]struct {
		policy   corev1.RestartPolicy
		statuses []corev1.ContainerStatus
		want     corev1.PodPhase
	}{
		"a container that was never started":  {corev1.RestartPolicyAlways, []corev1.ContainerStatus{runs, waits}, corev1.PodPending},
		"one that waits for its restart":      {corev1.RestartPolicyAlways, []corev1.ContainerStatus{restarts}, corev1.PodRunning},
		"one that runs beside one that ended": {corev1.RestartPolicyNever, []corev1.ContainerStatus{runs, ended(0)}, corev1.PodRunning},
		"all ended well":                      {corev1.RestartPolicyNever, []corev1.ContainerStatus{ended(0), ended(0)}, corev1.PodSucceeded},
		"one failed, and none is restarted":   {corev1.RestartPolicyNever, []corev1.ContainerStatus{ended(0), ended(1)}, corev1.PodFailed},
		"one failed, and is restarted":        {corev1.RestartPolicyOnFailure, []corev1.ContainerStatus{ended(1)}, corev1.PodRunning},
		"one ended, and is restarted anyway":  {corev1.RestartPolicyAlways, []corev1.ContainerStatus{ended(0)}, corev1.PodRunning},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := phase(test.policy, test.statuses); got != test.want {
				t.Errorf("the Pod is %s, want %s", got, test.want)
			}
		})
	}
}
