package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"

	"github.com/crest-hpa/crest/pkg/utilization"
)

const (
	// scaleReaders read scales side by side; the client's rate limit, not
	// their number, bounds the load on the API server.
	scaleReaders = 4
	// A scale that cannot be read is tried again after these, doubling.
	scaleRetryFirst, scaleRetryLast = time.Second, time.Minute
)

// queues hold the workloads that are to be looked at again, each once.
type queues struct {
	refresh workqueue.TypedInterface[utilization.Workload]
	scales  workqueue.TypedRateLimitingInterface[utilization.Workload]
}

func newQueues() queues {
	return queues{
		refresh: workqueue.NewTyped[utilization.Workload](),
		scales: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[utilization.Workload](scaleRetryFirst, scaleRetryLast)),
	}
}

// Run watches the cluster until ctx ends. It may be called once.
func (i *Inventory) Run(ctx context.Context) error {
	if !i.started.CompareAndSwap(false, true) {
		return errors.New("inventory: run twice")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	i.queues = newQueues()
	stopEvents := i.events.start(ctx)
	defer stopEvents()

	var group sync.WaitGroup
	group.Go(func() { i.hpas.RunWithContext(ctx) })
	group.Go(func() { i.pods.RunWithContext(ctx) })
	for _, k := range i.kinds {
		group.Go(func() { k.run(ctx) })
	}
	group.Go(func() { i.followDemand(ctx) })
	group.Go(func() { i.refreshWorkloads(ctx) })
	for range scaleReaders {
		group.Go(func() { i.readScales(ctx) })
	}
	<-ctx.Done()
	i.queues.refresh.ShutDown()
	i.queues.scales.ShutDown()
	group.Wait()
	return nil
}

// demandRest is for how many times as long as it has taken a recomputation of
// the demand rests. One of 10,000 HPAs takes tens of milliseconds, and when
// they scale, one of them changes all the time: a tenth of a CPU is enough.
const (
	demandRest        = 9
	longestDemandRest = 2 * time.Second
)

// followDemand recomputes what is wanted, and tracks it, whenever an HPA or
// the set of the enrolled has changed.
func (i *Inventory) followDemand(ctx context.Context) {
	if !synced(ctx, i.hpasHandled) {
		return
	}
	for {
		begun := i.options.Now()
		i.updateDemand()
		took := i.options.Now().Sub(begun)
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(demandRest*took, longestDemandRest)):
		}
		select {
		case <-ctx.Done():
			return
		case <-i.retrack:
		}
	}
}

func (i *Inventory) updateDemand() {
	var hpas []*hpaRecord
	for _, obj := range i.hpas.GetStore().List() {
		if h, ok := obj.(*hpaRecord); ok {
			hpas = append(hpas, h)
		}
	}
	next := newDemand(hpas, i.table, i.options.Metrics)
	last := i.demand.Swap(next)
	for _, w := range i.registry.track(next.workloads, *i.enrolled.Load()) {
		i.queues.refresh.Add(w)
	}
	i.misuses.update(next.misuses, func(hpa types.NamespacedName, reason, note string) {
		i.events.write(hpaReference(hpa, next.hpaUID[hpa]), corev1.EventTypeWarning, reason, note)
	})
	if last == nil || !slices.Equal(last.wanted, next.wanted) {
		i.signalChange()
	}
}

// refreshWorkloads publishes the state of each workload that something
// happened to. One goroutine is enough, and it keeps a history in order.
func (i *Inventory) refreshWorkloads(ctx context.Context) {
	if !synced(ctx, i.podsHandled) {
		return
	}
	for {
		w, stopped := i.queues.refresh.Get()
		if stopped {
			return
		}
		readScale, look := i.registry.refresh(w, i.lookup(w), i.options.Now())
		if readScale {
			i.queues.scales.Forget(w)
			i.queues.scales.Add(w)
		}
		if look {
			i.signalChange()
		}
		i.queues.refresh.Done(w)
	}
}

func (i *Inventory) readScales(ctx context.Context) {
	for {
		w, stopped := i.queues.scales.Get()
		if stopped {
			return
		}
		i.readScale(ctx, w)
		i.queues.scales.Done(w)
	}
}

func (i *Inventory) readScale(ctx context.Context, w utilization.Workload) {
	k := i.kinds[w.Kind]
	if k == nil || i.registry.find(w) == nil {
		i.queues.scales.Forget(w)
		return
	}
	obj, served := k.lookup(w.Namespace, w.Name), k.served.Load()
	if !obj.exists || served == nil {
		// Its coming back makes it read again.
		i.queues.scales.Forget(w)
		return
	}
	selector, err := readSelector(ctx, i.clients.Dynamic, served.resource, w.Namespace, w.Name)
	if err != nil {
		i.registry.selectorFailed(w, err.Error())
		i.queues.scales.AddRateLimited(w)
	} else {
		i.registry.selectorRead(w, obj.identity, selector, i.podsOf)
		i.queues.scales.Forget(w)
	}
	i.queues.refresh.Add(w)
}

func (i *Inventory) podsOf(namespace string) []*podRecord {
	objs, err := i.pods.GetIndexer().ByIndex(cache.NamespaceIndex, namespace)
	if err != nil {
		// The index is made with the informer.
		panic(fmt.Sprintf("inventory: %v", err))
	}
	out := make([]*podRecord, 0, len(objs))
	for _, obj := range objs {
		if p, ok := obj.(*podRecord); ok {
			out = append(out, p)
		}
	}
	return out
}

// lookup is what is known of a workload's object.
func (i *Inventory) lookup(w utilization.Workload) object {
	k := i.kinds[w.Kind]
	if k == nil {
		return object{pending: fmt.Sprintf("no kind of workload %q is configured", w.Kind)}
	}
	return k.lookup(w.Namespace, w.Name)
}

// synced waits until the first list was handled; false if ctx ended before.
func synced(ctx context.Context, r cache.ResourceEventHandlerRegistration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-r.HasSyncedChecker().Done():
		return true
	}
}
