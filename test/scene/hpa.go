package scene

import (
	"context"
	"fmt"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
)

// Scale creates an HPA, or changes it.
func (s *Scene) Scale(t *testing.T, h stage.HPA) {
	t.Helper()
	if err := s.ApplyHPA(t.Context(), h); err != nil {
		t.Fatal(err)
	}
}

// HPA is the present one.
func (s *Scene) HPA(t *testing.T, namespace, name string) *autoscalingv2.HorizontalPodAutoscaler {
	t.Helper()
	h, err := s.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// HPAReads is an error unless the HPA of the workload has read its one external
// metric, and a value of so many percent, give or take.
func (s *Scene) HPAReads(t *testing.T, w stage.Workload, value, off float64) error {
	t.Helper()
	h := s.HPA(t, w.Namespace, w.Name)
	if c := ScalingActive(h); c.Status != corev1.ConditionTrue {
		return fmt.Errorf("of the HPA %s ScalingActive is %q because of %s: %s", w.Name, c.Status, c.Reason, c.Message)
	}
	for _, m := range h.Status.CurrentMetrics {
		if m.External != nil && m.External.Current.Value != nil {
			return Within("what the HPA "+w.Name+" has read", m.External.Current.Value.AsApproximateFloat64(), value, off)
		}
	}
	return fmt.Errorf("the HPA %s has read nothing yet", w.Name)
}

// ScalingActive is the condition that says whether the HPA can read its metrics.
func ScalingActive(h *autoscalingv2.HorizontalPodAutoscaler) autoscalingv2.HorizontalPodAutoscalerCondition {
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive {
			return c
		}
	}
	return autoscalingv2.HorizontalPodAutoscalerCondition{}
}

// AwaitScalingInactive waits until the HPA of the workload says that it cannot
// read its metric, and all of this in the adapter's words.
func (s *Scene) AwaitScalingInactive(t *testing.T, w stage.Workload, says ...string) {
	t.Helper()
	Eventually(t, "the HPA says why there is no answer", func() error {
		c := ScalingActive(s.HPA(t, w.Namespace, w.Name))
		if c.Status != corev1.ConditionFalse || c.Reason != "FailedGetExternalMetric" {
			return fmt.Errorf("ScalingActive is %s because of %s: %s", c.Status, c.Reason, c.Message)
		}
		return SaysAll(c.Message, says...)
	})
}

// AwaitEvent waits for an Event about an HPA that says all of this.
func (s *Scene) AwaitEvent(t *testing.T, namespace, hpa, reason string, says ...string) {
	t.Helper()
	Eventually(t, "there is an Event with the reason "+reason, func() error {
		notes, err := s.Events(t.Context(), namespace, hpa, reason)
		if err != nil {
			return err
		}
		if len(notes) == 0 {
			return fmt.Errorf("no Event about the HPA %s has the reason %s", hpa, reason)
		}
		return SaysAll(strings.Join(notes, "\n"), says...)
	})
}

// Events are the notes of the Events about an HPA with a reason.
func (s *Scene) Events(ctx context.Context, namespace, hpa, reason string) ([]string, error) {
	list, err := s.Cluster.Client().CoreV1().Events(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing Events: %w", err)
	}
	var notes []string
	for i := range list.Items {
		if e := &list.Items[i]; e.InvolvedObject.Name == hpa && e.InvolvedObject.Kind == "HorizontalPodAutoscaler" && e.Reason == reason {
			notes = append(notes, e.Message)
		}
	}
	return notes, nil
}
