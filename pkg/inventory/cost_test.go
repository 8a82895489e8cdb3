//go:build !race

// The race detector allocates by itself.

package inventory

import (
	"fmt"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestCostOfALookAtWhatIsTrueNowIsNoAllocationHoweverManyPodsThereAre(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.create(item, "uid-1", "app=item")
		for i := range 50 {
			c.createPod(readyPod(fmt.Sprintf("item-%d", i), "item", time.Now().Add(-time.Hour)))
		}
		c.createHPA(hpaOf("item", item))
		sel := utilization.Selection{Workload: item}
		if scale := c.Scale(sel); scale.Ready != 50 || len(scale.Targets) != 1 {
			t.Fatalf("there are %d Ready Pods and %d targets, want 50 and 1", scale.Ready, len(scale.Targets))
		}
		for name, look := range map[string]func(){
			"Scale":       func() { c.Scale(sel) },
			"ScaleTarget": func() { _, _ = c.ScaleTarget("shop", "item") },
			"MeanReady":   func() { c.MeanReady(item, utilization.Span{Begin: time.Now().Add(-time.Minute), End: time.Now()}) },
		} {
			if allocations := testing.AllocsPerRun(100, look); allocations != 0 {
				t.Errorf("%s allocates %v times a read", name, allocations)
			}
		}
	})
}
