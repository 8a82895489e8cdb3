package pods

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// refuse says what of a Pod is not played here: better an error than a test of less than
// what was rendered.
func refuse(pod *corev1.Pod) error {
	if len(pod.Spec.InitContainers) > 0 {
		return fmt.Errorf("the init container %s is not played here", pod.Spec.InitContainers[0].Name)
	}
	for _, c := range pod.Spec.Containers {
		if c.Lifecycle != nil {
			return fmt.Errorf("the hooks of the container %s are not played here", c.Name)
		}
		for what, p := range map[string]*corev1.Probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
			if p != nil && p.HTTPGet == nil && p.TCPSocket == nil {
				return fmt.Errorf("the %s probe of the container %s is neither HTTP nor TCP, and not played here", what, c.Name)
			}
		}
		for _, m := range c.VolumeMounts {
			if m.SubPathExpr != "" {
				return fmt.Errorf("the subPathExpr of the container %s is not played here", c.Name)
			}
		}
	}
	return nil
}
