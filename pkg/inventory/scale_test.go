package inventory

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestReplicasAreWhatTheHPASawAndAskedFor(t *testing.T) {
	for name, tc := range map[string]struct {
		asked, saw   int32
		fewest, most int
	}{
		"it has only looked":                      {0, 3, 3, 3},
		"it is growing the workload":              {5, 3, 3, 5},
		"it is shrinking the workload":            {3, 5, 3, 5},
		"its syncs fail and somebody scaled up":   {3, 40, 3, 40},
		"it has not looked yet: there is one Pod": {0, 0, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inCluster(t, func(c *cluster) {
				h := hpaOf("h", item)
				c.create(item, "a", "app=item")
				c.createPod(readyPod("item-1", "item", time.Now()))
				c.createHPA(h)
				h.Status.CurrentReplicas, h.Status.DesiredReplicas = tc.saw, tc.asked
				c.updateHPA(h)
				scale := c.Scale(utilization.Selection{Workload: item})
				if scale.Replicas != tc.most || scale.FewestReplicas != tc.fewest {
					t.Errorf("replicas are %d at least and %d at most, want %d and %d", scale.FewestReplicas, scale.Replicas, tc.fewest, tc.most)
				}
			})
		})
	}
}

func TestThePodsReadyMeanFollowsWhatHappened(t *testing.T) {
	inCluster(t, func(c *cluster) {
		start := time.Now()
		c.create(item, "a", "app=item")
		c.createPod(readyPod("item-1", "item", start.Add(-2*time.Minute)))
		c.createHPA(hpaOf("h", item))
		time.Sleep(time.Minute)
		c.createPod(readyPod("item-2", "item", time.Now()))
		c.createPod(readyPod("item-3", "item", time.Now()))
		time.Sleep(time.Minute)
		span := utilization.Span{Begin: start.Add(-2 * time.Minute), End: start.Add(2 * time.Minute)}
		if got, ok := c.MeanReady(item, span); !ok || got != 1.5 {
			t.Errorf("mean = %v, %v; want 1.5: one Pod for three minutes, three for one", got, ok)
		}
		if got := c.PeakRunning(item, span); got != 3 {
			t.Errorf("peak = %d, want 3", got)
		}
	})
}

func TestPodsThatDrainForLongAreAmongThoseThatRan(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.create(item, "a", "app=item")
		c.createHPA(hpaOf("h", item))
		c.createPod(readyPod("stays", "item", time.Now()))
		leaves := readyPod("leaves", "item", time.Now())
		c.createPod(leaves)
		leaves.DeletionTimestamp = &metav1.Time{Time: time.Now()}
		leaves.Finalizers = []string{"crest.test/drains"}
		_, err := c.core.CoreV1().Pods("shop").Update(t.Context(), leaves, metav1.UpdateOptions{})
		c.must(err)
		time.Sleep(2 * time.Minute)
		bucket := utilization.Span{Begin: time.Now().Add(-time.Minute), End: time.Now()}
		if got := c.PeakRunning(item, bucket); got != 2 {
			t.Errorf("peak = %d while one of two Pods drains, want 2", got)
		}
		if scale := c.Scale(utilization.Selection{Workload: item}); scale.Running != 1 {
			t.Errorf("%d Pods are to run, want 1", scale.Running)
		}
	})
}
