package cluster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func TestRolloutIsScaledThroughItsScaleSubresource(t *testing.T) {
	if err := shared(t).InstallRollouts(t.Context()); err != nil {
		t.Fatal(err)
	}
	ns := namespace(t, "rollout")
	apply(t, workload("Rollout", ns, "item", 1, ""))
	first := pods(t, ns, 1, ready)[0]
	if _, err := shared(t).Kubectl(t.Context(), "-n", ns, "scale", "rollout/item", "--replicas=3"); err != nil {
		t.Fatal(err)
	}
	pods(t, ns, 3, ready)
	eventually(t, "its status counts three", 10*time.Second, func(ctx context.Context) error {
		out, err := shared(t).Kubectl(ctx, "get", "--raw", "/apis/argoproj.io/v1alpha1/namespaces/"+ns+"/rollouts/item/scale")
		if err == nil && !strings.Contains(out, `"replicas":3},"status":{"replicas":3,"selector":"app=item"}`) {
			err = fmt.Errorf("scale is %s", out)
		}
		return err
	})
	apply(t, workload("Rollout", ns, "item", 3, `version: "2"`))
	pods(t, ns, 3, func(pod *corev1.Pod) error {
		if pod.Labels["rollouts-pod-template-hash"] == first.Labels["rollouts-pod-template-hash"] {
			return fmt.Errorf("it is of the old template")
		}
		return ready(pod)
	})
}
