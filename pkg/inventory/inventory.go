package inventory

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// A kind that the cluster does not serve is asked for again after these,
// doubling.
const kindRetryFirst, kindRetryLast = time.Second, time.Minute

// Inventory watches the cluster while it runs and answers from memory. Its
// methods may be called at any time, from any goroutine.
type Inventory struct {
	options Options
	clients *Clients
	table   kindTable
	kinds   map[string]*kindWatch

	hpas, pods               cache.SharedIndexInformer
	hpasHandled, podsHandled cache.ResourceEventHandlerRegistration
	hpaFeed, podFeed         *feed

	registry *registry
	// demand is nil until the HPAs have been listed.
	demand  atomic.Pointer[demand]
	misuses *misuseReport
	events  events

	enrolled atomic.Pointer[[]utilization.Workload]
	// retrack says that the HPAs or the enrolled have changed.
	retrack chan struct{}
	changes chan struct{}
	// queues exist while it runs; informers' handlers fill them.
	queues  queues
	started atomic.Bool
}

// New makes an Inventory that watches nothing until it runs.
func New(o Options) (*Inventory, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	clients := o.Clients
	if clients == nil {
		var err error
		if clients, err = newClients(o.Config); err != nil {
			return nil, fmt.Errorf("inventory: %w", err)
		}
	}
	misuses, err := newMisuseReport(o.Log, o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("inventory: registering metrics: %w", err)
	}
	i := &Inventory{
		options:  o,
		clients:  clients,
		table:    newKindTable(o.Kinds),
		kinds:    make(map[string]*kindWatch, len(o.Kinds)),
		hpaFeed:  newFeed(&o, "HorizontalPodAutoscalers", "which target each of them has"),
		podFeed:  newFeed(&o, "Pods", "which of them are Ready"),
		registry: newRegistry(o.Remember),
		misuses:  misuses,
		events:   events{client: clients.Core},
		retrack:  make(chan struct{}, 1),
		changes:  make(chan struct{}, 1),
	}
	i.enrolled.Store(&[]utilization.Workload{})
	for _, k := range o.Kinds {
		i.kinds[k.Key] = i.newKindWatch(k)
	}
	if err := o.Registerer.Register(watchMetric{feeds: i.feeds(), now: o.Now}); err != nil {
		return nil, fmt.Errorf("inventory: registering metrics: %w", err)
	}
	if err := i.prepareInformers(); err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	return i, nil
}

func (i *Inventory) newKindWatch(k Kind) *kindWatch {
	return &kindWatch{
		Kind:      k,
		discovery: i.clients.Discovery,
		metadata:  i.clients.Metadata,
		log:       i.options.Log,
		retry:     wait.Backoff{Duration: kindRetryFirst, Factor: 2, Jitter: 0.1, Steps: 100, Cap: kindRetryLast},
		changed:   i.objectChanged,
		turned:    i.kindTurned,
		feed:      newFeed(&i.options, k.Kind+" objects of "+k.APIVersion, "which Pods are theirs"),
	}
}

// feeds are all of them, by what the metric calls them.
func (i *Inventory) feeds() map[string]*feed {
	feeds := map[string]*feed{"horizontalpodautoscalers": i.hpaFeed, "pods": i.podFeed}
	for key, k := range i.kinds {
		feeds[key] = k.feed
	}
	return feeds
}

// prepareInformers makes the informers of HPAs and Pods, with their handlers;
// they do not run yet.
func (i *Inventory) prepareInformers() error {
	i.hpas, i.pods = newHPAInformer(i.clients.Core, i.hpaFeed), newPodInformer(i.clients.Core, i.podFeed)
	reader := hpaReader{metrics: i.options.Metrics, parse: i.options.Parse}
	none := func(error) {}
	if err := errors.Join(install(i.hpas, reader.trim, none), install(i.pods, new(podReader).trim, none)); err != nil {
		return fmt.Errorf("informers of HorizontalPodAutoscalers and Pods: %w", err)
	}
	var err error
	i.hpasHandled, err = i.hpas.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { i.hpaChanged(nil, nil) },
		UpdateFunc: i.hpaChanged,
		DeleteFunc: func(any) { i.hpaChanged(nil, nil) },
	})
	if err != nil {
		return fmt.Errorf("watching HorizontalPodAutoscalers: %w", err)
	}
	i.podsHandled, err = i.pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { i.podChanged(nil, obj) },
		UpdateFunc: i.podChanged,
		DeleteFunc: func(obj any) { i.podChanged(obj, nil) },
	})
	if err != nil {
		return fmt.Errorf("watching Pods: %w", err)
	}
	return nil
}

// hpaChanged drops updates, one an HPA every 15 seconds, that change nothing
// but its status.
func (i *Inventory) hpaChanged(old, obj any) {
	before, okBefore := old.(*hpaRecord)
	now, okNow := obj.(*hpaRecord)
	if okBefore && okNow && before.same(now) {
		return
	}
	signal(i.retrack)
}

func (i *Inventory) podChanged(old, obj any) {
	if gone, ok := old.(cache.DeletedFinalStateUnknown); ok {
		old = gone.Obj
	}
	before, _ := old.(*podRecord)
	now, _ := obj.(*podRecord)
	i.registry.podChanged(before, now, i.queues.refresh.Add)
}

func (i *Inventory) objectChanged(w utilization.Workload) {
	if i.registry.find(w) != nil {
		i.queues.refresh.Add(w)
	}
}

func (i *Inventory) kindTurned(key string) {
	for _, w := range i.registry.ofKind(key) {
		i.queues.refresh.Add(w)
	}
}

func (i *Inventory) signalChange() { signal(i.changes) }

// signal sends to a channel of capacity 1; two signals that were not received
// are one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
