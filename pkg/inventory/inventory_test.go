package inventory

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// podNames are the names of a workload's Pods; it fails on an error.
func (c *cluster) podNames(w utilization.Workload) []string {
	c.t.Helper()
	pods, err := c.Pods(w)
	if err != nil {
		c.t.Fatalf("Pods(%v): %v", w, err)
	}
	names := make([]string, 0, len(pods))
	for _, p := range pods {
		names = append(names, p.Name)
	}
	return names
}

// wantPending fails unless the Pods of w are pending for a reason that
// contains what.
func (c *cluster) wantPending(w utilization.Workload, what string) {
	c.t.Helper()
	var pending *utilization.PendingError
	if _, err := c.Pods(w); !errors.As(err, &pending) || !strings.Contains(pending.What, what) {
		c.t.Errorf("Pods(%v) = %v, want a PendingError about %q", w, err, what)
	}
}

func (c *cluster) wantNotFound(w utilization.Workload) {
	c.t.Helper()
	var missing *utilization.NotFoundError
	if _, err := c.Pods(w); !errors.As(err, &missing) || missing.Workload != w {
		c.t.Errorf("Pods(%v) = %v, want a NotFoundError", w, err)
	}
}

func (c *cluster) wantPods(w utilization.Workload, want ...string) {
	c.t.Helper()
	if got := c.podNames(w); !slices.Equal(got, want) {
		c.t.Errorf("Pods of %v: %v, want %v", w, got, want)
	}
}

// changed says whether Changes has something, and takes it.
func (c *cluster) changed() bool {
	select {
	case <-c.Changes():
		return true
	default:
		return false
	}
}

func TestAnHPAsWorkloadIsTrackedWithItsPods(t *testing.T) {
	inCluster(t, func(c *cluster) {
		if !c.Synced() {
			t.Fatal("not synced though HPAs and Pods are listed, empty as they are")
		}
		c.changed()
		c.create(item, "a", "app=item")
		c.createPod(readyPod("item-1", "item", time.Now()))
		c.createPod(readyPod("other-1", "other", time.Now()))
		if c.gets() != 0 {
			t.Errorf("%d scales were read though nobody wants one", c.gets())
		}
		c.createHPA(hpaOf("h", item))
		want := []utilization.Want{{Selection: utilization.Selection{Workload: item}}}
		if got := c.Wanted(); !slices.Equal(got, want) {
			t.Errorf("Wanted() = %v, want %v", got, want)
		}
		if !c.changed() {
			t.Error("nothing on Changes though the wanted set changed")
		}
		c.wantPods(item, "item-1")
		c.createPod(readyPod("item-2", "item", time.Now()))
		c.wantPods(item, "item-1", "item-2")
		c.must(c.core.CoreV1().Pods("shop").Delete(t.Context(), "item-1", metav1.DeleteOptions{}))
		c.wantPods(item, "item-2")

		scale := c.Scale(utilization.Selection{Workload: item})
		if scale.Running != 1 || scale.Ready != 1 || len(scale.ReadySince) != 1 || scale.Replicas != 1 {
			t.Errorf("Scale = %+v, want one Pod everywhere", scale)
		}
		if target, ok := scale.Target(); !ok || target != 70 {
			t.Errorf("target = %v %v, want 70", target, ok)
		}
		c.must(c.core.AutoscalingV2().HorizontalPodAutoscalers("shop").Delete(t.Context(), "h", metav1.DeleteOptions{}))
		if len(c.Wanted()) != 0 {
			t.Errorf("Wanted() = %v after the HPA was deleted", c.Wanted())
		}
	})
}

func TestChangesTellWhenTheFirstPodCounts(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.create(item, "a", "app=item")
		c.createHPA(hpaOf("h", item))
		c.changed()
		pod := readyPod("item-1", "item", time.Now())
		pod.Status.Conditions = nil
		c.createPod(pod)
		if c.changed() {
			t.Error("a Pod that does not count is on Changes")
		}
		_, err := c.core.CoreV1().Pods("shop").Update(t.Context(), readyPod("item-1", "item", time.Now()), metav1.UpdateOptions{})
		c.must(err)
		if !c.changed() {
			t.Error("the first Pod that counts is not on Changes")
		}
	})
}

func TestAWorkloadThatNobodyWantsIsTrackedWhileEnrolled(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.create(item, "a", "app=item")
		c.createPod(readyPod("item-1", "item", time.Now()))
		c.wantPending(item, "nobody has asked")
		ghost := utilization.Workload{Kind: "deployment", Namespace: "shop", Name: "ghost"}
		c.wantNotFound(ghost)
		c.Enrol([]utilization.Workload{item, ghost})
		synctest.Wait()
		c.wantPods(item, "item-1")
		c.wantNotFound(ghost)
		if !c.changed() {
			t.Error("nothing on Changes though an enrolled workload became known")
		}
		c.Enrol(nil)
		synctest.Wait()
		c.wantPending(item, "nobody has asked")
	})
}

func TestAWorkloadRecreatedWithAnotherSelectorHasItsNewPods(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.createHPA(hpaOf("h", item))
		c.wantNotFound(item)
		c.create(item, "a", "app=item")
		c.createPod(readyPod("old", "item", time.Now()))
		c.createPod(readyPod("new", "item2", time.Now()))
		c.wantPods(item, "old")
		c.delete(item)
		c.wantNotFound(item)
		c.createPod(readyPod("orphan", "item", time.Now()))
		c.wantNotFound(item)
		c.create(item, "b", "app=item2")
		c.wantPods(item, "new")
	})
}

func TestAScaleIsReadOnceAnObjectAndGeneration(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.create(item, "a", "app=item")
		c.createHPA(hpaOf("h", item))
		c.createPod(readyPod("item-1", "item", time.Now()))
		c.createPod(readyPod("item-2", "item", time.Now()))
		if got := c.gets(); got != 1 {
			t.Errorf("the scale was read %d times, want once", got)
		}
		c.setSelector(item, "!forbidden")
		c.must(c.meta.Tracker().Update(deployments, objectOf(item, "a", 2), "shop"))
		if got := c.gets(); got != 2 {
			t.Errorf("the scale was read %d times, want once more for the new generation", got)
		}
		c.wantPods(item, "item-1", "item-2")
	})
}

func TestAScaleThatCannotBeReadIsTriedAgainAndSaysWhy(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.create(item, "a", "!forbidden")
		c.createPod(readyPod("item-1", "item", time.Now()))
		c.createHPA(hpaOf("h", item))
		c.wantPending(item, `"get" deployments/scale of the API group "apps"`)
		c.setSelector(item, "")
		time.Sleep(2 * scaleRetryFirst)
		c.wantPending(item, "status.selector is empty")
		c.setSelector(item, "app=item")
		time.Sleep(4 * scaleRetryFirst)
		c.wantPods(item, "item-1")
	})
}

func TestAKindThatIsNotServedDoesNoHarmAndWorksOnceItIs(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.createHPA(hpaOf("h", cart))
		if !c.Synced() {
			t.Error("not synced for want of a CRD")
		}
		c.wantPending(cart, "does not serve argoproj.io/v1alpha1")
		time.Sleep(10 * kindRetryLast)
		count := 0
		for _, line := range c.log() {
			if strings.Contains(line, "cannot be followed") {
				count++
			}
		}
		if count != 1 {
			t.Errorf("logged %d times that the kind is missing, want once:\n%s", count, strings.Join(c.log(), "\n"))
		}
		c.serve("argoproj.io/v1alpha1", "rollouts", "Rollout")
		c.create(cart, "a", "app=cart")
		c.createPod(readyPod("cart-1", "cart", time.Now()))
		time.Sleep(2 * kindRetryLast)
		c.wantPods(cart, "cart-1")
	})
}

func TestAKindThatIsNotConfiguredIsPending(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.wantPending(utilization.Workload{Kind: "daemonset", Namespace: "shop", Name: "x"}, `no kind of workload "daemonset"`)
	})
}

func TestScaleTargetIsTheWorkloadOfTheHPAsScaleTargetRef(t *testing.T) {
	inCluster(t, func(c *cluster) {
		c.createHPA(hpaOf("h", item))
		foreign := hpaOf("foreign", item)
		foreign.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps.kruise.io/v1", Kind: "CloneSet", Name: "x"}
		c.createHPA(foreign)
		if got, err := c.ScaleTarget("shop", "h"); err != nil || got != item {
			t.Errorf("ScaleTarget(h) = %v, %v", got, err)
		}
		var missing *utilization.NotFoundError
		if _, err := c.ScaleTarget("shop", "nobody"); !errors.As(err, &missing) || missing.Workload.Kind != "hpa" {
			t.Errorf("ScaleTarget(nobody) = %v, want a NotFoundError of kind hpa", err)
		}
		if _, err := c.ScaleTarget("shop", "foreign"); err == nil || !strings.Contains(err.Error(), "deployment, rollout") {
			t.Errorf("ScaleTarget(foreign) = %v, want an error that names the configured kinds", err)
		}
	})
}
