package inventory

import (
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	clientgotesting "k8s.io/client-go/testing"
)

// reconnecting is for how long an informer may wait before it asks again.
const reconnecting = time.Minute

// access is what the API server lets Crest do with one resource.
type access struct {
	// noLists and noWatches refuse calls, away answers none, hangs lets all of them wait.
	noLists, noWatches, away atomic.Bool
	hangs                    atomic.Pointer[chan struct{}]

	mu   sync.Mutex
	open []watch.Interface
}

// restrict makes an access that allows everything yet.
func restrict(fake *clientgotesting.Fake, tracker clientgotesting.ObjectTracker, gvr schema.GroupVersionResource) *access {
	a := &access{}
	refused := apierrors.NewForbidden(gvr.GroupResource(), "", errBadKey)
	fake.PrependReactor("list", gvr.Resource, func(clientgotesting.Action) (bool, runtime.Object, error) {
		a.hang()
		if a.away.Load() {
			return true, nil, errAway
		}
		return a.noLists.Load(), nil, refused
	})
	fake.PrependWatchReactor(gvr.Resource, func(clientgotesting.Action) (bool, watch.Interface, error) {
		a.hang()
		if a.away.Load() {
			return true, nil, errAway
		}
		if a.noWatches.Load() {
			return true, nil, refused
		}
		w, err := tracker.Watch(gvr, metav1.NamespaceAll)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.open = append(a.open, w)
		return true, w, err
	})
	return a
}

// errAway is what a client says of an API server that does not listen.
var errAway = &url.Error{Op: "Get", URL: "https://127.0.0.1:6443", Err: syscall.ECONNREFUSED}

func (a *access) hang() {
	if until := a.hangs.Load(); until != nil {
		<-*until
	}
}

// refuse takes the permission away, or gives it back.
func (a *access) refuse(on bool) {
	a.noLists.Store(on)
	a.noWatches.Store(on)
}

// end ends the watches that are open, as the API server does every few minutes.
func (a *access) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range a.open {
		w.Stop()
	}
	a.open = nil
}

func accessToPods(c *cluster) *access {
	return restrict(&c.core.Fake, c.core.Tracker(), schema.GroupVersionResource{Version: "v1", Resource: "pods"})
}

// followed runs f with one workload of one Pod, and access to what made of it.
func followed(t *testing.T, to func(*cluster) *access, f func(c *cluster, a *access)) {
	t.Helper()
	var a *access
	inPreparedCluster(t, func(c *cluster) { a = to(c) }, func(c *cluster) {
		c.create(item, "a", "app=item")
		c.createPod(readyPod("item-1", "item", time.Now()))
		c.createHPA(hpaOf("h", item))
		c.wantPods(item, "item-1")
		f(c, a)
	})
}

func TestWhatIsNotFollowedAnyMoreIsBelievedForItsMaxAgeOnly(t *testing.T) {
	cases := map[string]struct {
		to   func(*cluster) *access
		says string
	}{
		"Pods": {accessToPods, "Pods since 2000-01-01T01:00:00Z"},
		"HPAs": {func(c *cluster) *access {
			hpas := schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}
			return restrict(&c.core.Fake, c.core.Tracker(), hpas)
		}, "HorizontalPodAutoscalers since"},
		"the workloads themselves": {func(c *cluster) *access {
			return restrict(&c.meta.Fake, c.meta.Tracker(), deployments)
		}, "Deployment objects of apps/v1 since"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			followed(t, test.to, func(c *cluster, a *access) {
				a.refuse(true)
				time.Sleep(time.Hour)
				c.wantPods(item, "item-1") // the watch lives on
				a.end()
				time.Sleep(maxAge)
				c.wantPods(item, "item-1")
				time.Sleep(time.Second)
				c.wantPending(item, "Crest has not been able to follow "+test.says)
				c.wantPending(item, "(3m1s), so it is not known wh")
				c.wantPending(item, `let Crest's ServiceAccount "list" and "watch" them`)
				if n := c.linesWith("does not let Crest follow"); n > 2 { // listing and watching
					t.Errorf("logged %d times", n)
				}
				if !c.Synced() {
					t.Error("it is not ready any more, and nobody would hear why")
				}
				a.refuse(false)
				time.Sleep(reconnecting)
				c.wantPods(item, "item-1")
				c.createPod(readyPod("item-2", "item", time.Now()))
				c.wantPods(item, "item-1", "item-2")
				if n := c.linesWith("lets Crest follow the cluster again"); n != 1 {
					t.Errorf("logged %d times that it is over", n)
				}
			})
		})
	}
}

func TestAnHPAIsNotResolvedOnceTheHPAsAreLost(t *testing.T) {
	hpas := schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}
	to := func(c *cluster) *access { return restrict(&c.core.Fake, c.core.Tracker(), hpas) }
	followed(t, to, func(c *cluster, a *access) {
		a.refuse(true)
		a.end()
		time.Sleep(maxAge + time.Second)
		if _, err := c.ScaleTarget("shop", "h"); err == nil || !strings.Contains(err.Error(), "which target each of them has") {
			t.Errorf("ScaleTarget = %v, want an error that says what is not known", err)
		}
	})
}

func TestAnIdleClusterIsFollowedThoughNothingHappensAndWatchesEnd(t *testing.T) {
	followed(t, accessToPods, func(c *cluster, a *access) {
		for range 20 {
			time.Sleep(7 * time.Minute)
			a.end()
			c.wantPods(item, "item-1")
		}
		time.Sleep(time.Hour)
		c.wantPods(item, "item-1")
		if log := c.log(); len(log) > 0 && c.linesWith("Crest follow") > 0 {
			t.Errorf("a watch that ends by itself is no trouble:\n%s", strings.Join(log, "\n"))
		}
	})
}

func TestAnAPIServerThatIsAwayForTwoMinutesChangesNothing(t *testing.T) {
	followed(t, accessToPods, func(c *cluster, a *access) {
		a.refuse(true)
		a.end()
		for range 120 {
			time.Sleep(time.Second)
			c.wantPods(item, "item-1")
		}
		a.refuse(false)
		for range 600 {
			time.Sleep(time.Second)
			c.wantPods(item, "item-1")
		}
	})
}

func TestAnAPIServerThatIsBackIsFollowedWithinSeconds(t *testing.T) {
	for _, away := range []time.Duration{5 * time.Second, time.Minute, time.Hour} {
		t.Run(away.String(), func(t *testing.T) {
			followed(t, accessToPods, func(c *cluster, a *access) {
				a.away.Store(true)
				a.end()
				time.Sleep(away)
				a.away.Store(false)
				time.Sleep(2 * reachAgain)
				c.createPod(readyPod("item-2", "item", time.Now()))
				c.wantPods(item, "item-1", "item-2")
				if n := c.linesWith("does not let Crest follow"); n > 2 { // listing and watching
					t.Errorf("logged %d times", n)
				}
			})
		})
	}
}

func TestListsAloneKeepWhatIsKnownYoungEnough(t *testing.T) {
	followed(t, accessToPods, func(c *cluster, a *access) {
		a.noWatches.Store(true)
		a.end()
		time.Sleep(time.Second)
		c.createPod(readyPod("item-2", "item", time.Now()))
		for range 60 {
			time.Sleep(time.Minute)
			c.wantPods(item, "item-1", "item-2")
		}
		if n := c.linesWith("does not let Crest follow"); n != 1 {
			t.Errorf("logged %d times that watching fails, want once", n)
		}
	})
}

func TestACallThatHangsIsNotFollowing(t *testing.T) {
	followed(t, accessToPods, func(c *cluster, a *access) {
		until := make(chan struct{})
		a.hangs.Store(&until)
		a.end()
		time.Sleep(maxAge + time.Second)
		c.wantPending(item, "the API server does not answer")
		a.hangs.Store(nil)
		close(until)
		synctest.Wait()
		c.wantPods(item, "item-1")
	})
}

func TestTheMetricTellsForHowLongChangesMayHaveBeenMissed(t *testing.T) {
	followed(t, accessToPods, func(c *cluster, a *access) {
		want := func(pods string) {
			t.Helper()
			err := testutil.CollectAndCompare(watchMetric{c.feeds(), time.Now}, strings.NewReader(`
# HELP crest_watch_behind_seconds For how long changes of these objects may have been missed, in seconds: 0 while a watch of them is open. The objects are pods, horizontalpodautoscalers, and each configured kind of workload by its key.
# TYPE crest_watch_behind_seconds gauge
crest_watch_behind_seconds{objects="deployment"} 0
crest_watch_behind_seconds{objects="horizontalpodautoscalers"} 0
crest_watch_behind_seconds{objects="pods"} `+pods+`
crest_watch_behind_seconds{objects="rollout"} 0
`))
			if err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Hour)
		want("0")
		a.refuse(true)
		a.end()
		time.Sleep(100 * time.Second)
		want("100")
	})
}
