package e2e

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
)

func TestBothSourcesGone(t *testing.T) {
	for name, back := range map[string]struct {
		returns func(*testing.T)
		source  string
	}{
		"and metrics-server returns first": {func(*testing.T) { see() }, "metrics-server"},
		"and Datadog returns first":        {heal, "datadog"},
	} {
		t.Run(name, func(t *testing.T) {
			w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
			serve(t, w, nearlyBalanced)
			scale(t, stage.HPA{For: w, Min: 2, Max: 12})
			awaitAnswer(t, w, from("datadog"))

			blind(t)
			strike(t, datadogsim.Fault{Kind: datadogsim.Refuse})
			unavailable(t, w,
				`deployment "item" in namespace "`+w.Namespace, "no source has usable data", "the HPA keeps its replicas",
				"datadog: ", "refuses connections", "check datadog.url",
				"metrics-server: ", "0 of 4 Ready Pods have usable metrics", "(since ")
			// Nobody knows of it, so nothing may happen.
			setLoad(t, w, 8)
			awaitScalingInactive(t, w, "no source has usable data", "refuses connections", "0 of 4 Ready Pods")
			keepsReplicas(t, w, 4)

			back.returns(t)
			awaitAnswer(t, w, from(back.source))
			eventually(t, patience, func() error { return between(t, w, 7, 8) })
		})
	}
}

// awaitScalingInactive waits until the HPA of the workload says that it cannot
// read its metric, and all of this in the adapter's words.
func awaitScalingInactive(t *testing.T, w stage.Workload, says ...string) {
	t.Helper()
	eventually(t, patience, func() error {
		c := scalingActive(hpa(t, w.Namespace, w.Name))
		if c.Status != corev1.ConditionFalse || c.Reason != "FailedGetExternalMetric" {
			return fmt.Errorf("ScalingActive is %s because of %s: %s", c.Status, c.Reason, c.Message)
		}
		return saysAll(c.Message, says...)
	})
}
