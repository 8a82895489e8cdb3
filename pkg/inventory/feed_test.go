package inventory

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	clientgotesting "k8s.io/client-go/testing"
)

// failWhile makes every list of a resource fail with err while on.
func failWhile(fake *clientgotesting.Fake, resource string, on *atomic.Bool, err error) {
	fake.PrependReactor("list", resource, func(clientgotesting.Action) (bool, runtime.Object, error) {
		return on.Load(), nil, err
	})
}

// linesWith counts the log lines that contain text.
func (c *cluster) linesWith(text string) int {
	count := 0
	for _, line := range c.log() {
		if strings.Contains(line, text) {
			count++
		}
	}
	return count
}

func TestPodsThatMayNotBeListedAreSaidOnceAndWhy(t *testing.T) {
	var forbidden atomic.Bool
	forbidden.Store(true)
	prepare := func(c *cluster) {
		err := apierrors.NewForbidden(deployments.GroupResource(), "", errBadKey)
		failWhile(&c.core.Fake, "pods", &forbidden, err)
	}
	inPreparedCluster(t, prepare, func(c *cluster) {
		c.create(item, "a", "app=item")
		c.createPod(readyPod("item-1", "item", time.Now()))
		c.createHPA(hpaOf("h", item))
		time.Sleep(time.Minute)
		if c.Synced() {
			t.Error("synced though Pods cannot be listed")
		}
		c.wantPending(item, `let Crest's ServiceAccount "list" and "watch" them`)
		if n := c.linesWith("does not let Crest follow"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
		forbidden.Store(false)
		time.Sleep(2 * time.Minute)
		if !c.Synced() {
			t.Error("not synced once Pods can be listed")
		}
		c.wantPods(item, "item-1")
		if n := c.linesWith("follow the cluster again"); n != 1 {
			t.Errorf("logged %d times that it works again, want once", n)
		}
	})
}

func TestAKindThatIsNoLongerServedIsAskedForAgain(t *testing.T) {
	var gone atomic.Bool
	gone.Store(true)
	prepare := func(c *cluster) {
		failWhile(&c.meta.Fake, "deployments", &gone, apierrors.NewNotFound(deployments.GroupResource(), ""))
	}
	inPreparedCluster(t, prepare, func(c *cluster) {
		c.createHPA(hpaOf("h", item))
		c.create(item, "a", "app=item")
		c.createPod(readyPod("item-1", "item", time.Now()))
		c.wantPending(item, "deployments of apps/v1 are no longer served")
		gone.Store(false)
		time.Sleep(2 * kindRetryLast)
		c.wantPods(item, "item-1")
	})
}
