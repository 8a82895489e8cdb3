package cluster_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/test/cluster"
)

func TestTheHPAControllerTellsOfItsQueue(t *testing.T) {
	text, err := shared(t).ControllerMetrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if queue := `workqueue_depth{name="horizontalpodautoscaler"`; !strings.Contains(string(text), queue) {
		t.Errorf("the metrics of the controllers do not hold %s", queue)
	}
}

func TestTheHPAControllerCanGetItsDefaultsLater(t *testing.T) {
	c, err := cluster.Start(t.Context(), cluster.Options{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	if flags := managerFlags(t, c); !strings.Contains(flags, "--kube-api-qps") {
		t.Errorf("at first its flags are %q, and should not be the defaults", flags)
	}
	if err := c.UseDefaultHPA(t.Context()); err != nil {
		t.Fatal(err)
	}
	flags := managerFlags(t, c)
	for _, flag := range []string{"--kube-api-qps", "--horizontal-pod-autoscaler"} {
		if strings.Contains(flags, flag) {
			t.Errorf("it still has the flag %s in %q", flag, flags)
		}
	}
	if _, err := c.ControllerMetrics(t.Context()); err != nil {
		t.Error(err)
	}
}

// managerFlags are those of kube-controller-manager as it runs.
func managerFlags(t *testing.T, c *cluster.Cluster) string {
	t.Helper()
	flags, err := os.ReadFile("/proc/" + strconv.Itoa(c.Pids()["kube-controller-manager"]) + "/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	return string(flags)
}
