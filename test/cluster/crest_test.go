package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/crest-hpa/crest/test/cluster"
)

const withoutDatadog = `
apiVersion: crest/v1alpha1
kind: AdapterConfiguration
datadog: {enabled: false}
shutdownDelay: 1s
fallback: {interval: 1s}
`

// The repository's own adapter, as a process with the permissions in deploy/ and no others.
func TestCrestAnswersWithThePermissionsOfItsManifests(t *testing.T) {
	c := shared(t)
	if err := c.InstallRollouts(t.Context()); err != nil {
		t.Fatal(err)
	}
	usage.set("app", 0.05)
	usage.set("istio-proxy", 0.3)
	ns := namespace(t, "crest")
	kinds := []string{"Deployment", "StatefulSet", "Rollout"}
	for _, kind := range kinds {
		apply(t, workload(kind, ns, strings.ToLower(kind)+"-item", 1, ""))
	}
	pods(t, ns, len(kinds), ready)

	a, err := c.InstallAdapter(t.Context(), cluster.AdapterOptions{Config: withoutDatadog})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Kill()
	for _, kind := range kinds {
		key := strings.ToLower(kind)
		eventually(t, "the "+kind+"'s proxy at 60 %", 30*time.Second, func(ctx context.Context) error {
			return proxyNear60(ctx, c, fmt.Sprintf("/apis/external.metrics.k8s.io/v1beta1/namespaces/%s/max_container_cpu_utilization?labelSelector=%s%%3D%s-item", ns, key, key))
		})
	}
	a.Stop(syscall.SIGTERM)
	if status, err := a.Exit(); err != nil || status != 0 {
		t.Errorf("after SIGTERM it ended with %d, %v", status, err)
	}
	for line := range strings.Lines(a.Logs()) {
		if strings.Contains(line, "forbidden") {
			t.Errorf("a permission is missing: %s", line)
		}
	}
}

func proxyNear60(ctx context.Context, c *cluster.Cluster, path string) error {
	out, err := c.Kubectl(ctx, "get", "--raw", path)
	if err != nil {
		return err
	}
	var list struct {
		Items []struct {
			Value        resource.Quantity
			MetricLabels map[string]string
		}
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return err
	}
	if len(list.Items) != 1 {
		return fmt.Errorf("the answer is %s", out)
	}
	percent := list.Items[0].Value.AsApproximateFloat64()
	if container := list.Items[0].MetricLabels["container"]; container != "istio-proxy" || percent < 55 || percent > 65 {
		return fmt.Errorf("the answer is %s", out)
	}
	return nil
}
