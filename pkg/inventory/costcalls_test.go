package inventory

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestCostOfManyWorkloadsIsOneReadOfEachScaleWhateverTheirPodsDo(t *testing.T) {
	const workloads = 30
	inCluster(t, func(c *cluster) {
		for i := range workloads {
			name := fmt.Sprintf("item-%d", i)
			w := utilization.Workload{Kind: "deployment", Namespace: "shop", Name: name}
			c.create(w, "uid", "app="+name)
			c.createHPA(hpaOf(name, w))
		}
		for round := range 5 {
			for i := range workloads {
				c.createPod(readyPod(fmt.Sprintf("item-%d-%d", i, round), fmt.Sprintf("item-%d", i), time.Now()))
			}
			<-time.After(time.Minute)
			synctest.Wait()
		}
		for i := range workloads {
			c.must(c.core.CoreV1().Pods("shop").Delete(t.Context(), fmt.Sprintf("item-%d-0", i), metav1.DeleteOptions{}))
		}
		if got := c.gets(); got != workloads {
			t.Errorf("%d scales were read for %d workloads", got, workloads)
		}
		pods, err := c.Pods(utilization.Workload{Kind: "deployment", Namespace: "shop", Name: "item-7"})
		if err != nil || len(pods) != 4 {
			t.Errorf("the Pods of item-7 are %d and %v, want 4", len(pods), err)
		}
	})
}
