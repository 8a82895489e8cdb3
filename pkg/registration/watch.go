package registration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// patchTimeout bounds one change of the APIService.
const patchTimeout = 10 * time.Second

// Options are what a Watch is made of.
type Options struct {
	// Config reaches the API server. It is not needed when Client is set.
	Config *rest.Config
	// Client replaces the one that is made from Config.
	Client dynamic.Interface
	// APIService is the name of the object.
	APIService string
	// Service is ours: whom the APIService leads to if it is ours.
	Service Service

	Registerer prometheus.Registerer
	Log        logr.Logger
}

// Watch follows an APIService while it runs.
type Watch struct {
	options  Options
	client   dynamic.Interface
	informer cache.SharedIndexInformer
	handled  cache.ResourceEventHandlerRegistration
	report   *report
	changes  chan struct{}
	started  atomic.Bool

	mu sync.Mutex
	// why is what the last failure of the watch said.
	why string
}

// NewWatch makes a Watch that knows nothing until it runs.
func NewWatch(o Options) (*Watch, error) {
	if o.APIService == "" || o.Service.Namespace == "" || o.Service.Name == "" || o.Registerer == nil {
		return nil, errors.New("registration: the name of an APIService, a Service and a registerer are needed")
	}
	client := o.Client
	if client == nil {
		var err error
		if client, err = dynamic.NewForConfig(o.Config); err != nil {
			return nil, fmt.Errorf("registration: making the client: %w", err)
		}
	}
	r, err := newReport(o)
	if err != nil {
		return nil, fmt.Errorf("registration: registering metrics: %w", err)
	}
	w := &Watch{options: o, client: client, report: r, changes: make(chan struct{}, 1)}
	if err := w.prepareInformer(); err != nil {
		return nil, fmt.Errorf("registration: watching the APIService: %w", err)
	}
	return w, nil
}

func (w *Watch) prepareInformer() error {
	w.informer = dynamicinformer.NewFilteredDynamicInformer(w.client, resource, metav1.NamespaceAll, 0, cache.Indexers{}, func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, w.options.APIService).String()
	}).Informer()
	err := w.informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { w.failed(err) })
	if err != nil {
		return err
	}
	w.handled, err = w.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { w.changed() },
		UpdateFunc: func(any, any) { w.changed() },
		DeleteFunc: func(any) { w.changed() },
	})
	return err
}

// Run follows the object until ctx ends. It may be called once.
func (w *Watch) Run(ctx context.Context) error {
	if !w.started.CompareAndSwap(false, true) {
		return errors.New("registration: run twice")
	}
	var informer sync.WaitGroup
	informer.Go(func() { w.informer.RunWithContext(ctx) })
	defer informer.Wait()
	select {
	case <-ctx.Done():
	case <-w.handled.HasSyncedChecker().Done():
		w.changed() // that there is none is news too
		<-ctx.Done()
	}
	return nil
}

// changed tells of a change, which says that the watch works.
func (w *Watch) changed() {
	if !w.informer.HasSynced() {
		return
	}
	w.mu.Lock()
	if w.why != "" {
		w.why = ""
		w.options.Log.Info("The API server lets Crest follow its APIService again")
	}
	w.mu.Unlock()
	w.report.update(w.current())
	select {
	case w.changes <- struct{}{}:
	default:
	}
}

// failed notes that the object cannot be watched, once for each reason. A watch
// that ends, as all do, is no failure.
func (w *Watch) failed(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return
	}
	why := err.Error()
	if apierrors.IsForbidden(err) {
		why += "; let Crest's ServiceAccount get, list, watch and patch apiservices with the resourceName " + w.options.APIService
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.why != why {
		w.why = why
		w.options.Log.Info("The API server does not let Crest follow its APIService, so that no CA can be renewed", "apiService", w.options.APIService, "error", why)
	}
}

// current is the object as the watch brought it; nil if there is none.
func (w *Watch) current() *apiService {
	for _, obj := range w.informer.GetStore().List() {
		if o, ok := obj.(*unstructured.Unstructured); ok && o.GetName() == w.options.APIService {
			a := parse(o)
			return &a
		}
	}
	return nil
}

// Trust is the caBundle by which kube-apiserver verifies Crest, as PEM. It is
// kept if it is Crest's to keep: the APIService exists, leads to its Service,
// and is to be verified. It is not known before the object has been listed.
func (w *Watch) Trust() (bundle []byte, kept, known bool) {
	if !w.informer.HasSynced() {
		return nil, false, false
	}
	a := w.current()
	if a == nil || a.service != w.options.Service || a.insecure {
		return nil, false, true
	}
	return a.caBundle, true, true
}

// Changes gets a value after each change of what Trust returns.
func (w *Watch) Changes() <-chan struct{} { return w.changes }

// SetTrust replaces a caBundle that Trust returned by another one, unless the
// object has changed since: in the cluster, which is a conflict as the API
// calls it, or here, of which Changes tells.
func (w *Watch) SetTrust(ctx context.Context, from, bundle []byte) error {
	a := w.current()
	if a == nil || a.service != w.options.Service || !bytes.Equal(a.caBundle, from) {
		return nil
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": a.resourceVersion},
		"spec":     map[string]any{"caBundle": bundle},
	})
	if err != nil {
		return fmt.Errorf("encoding a patch: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patchTimeout)
	defer cancel()
	_, err = w.client.Resource(resource).Patch(ctx, a.name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "crest-adapter"})
	switch {
	case apierrors.IsForbidden(err):
		return fmt.Errorf("could not patch the caBundle of the APIService %s: %w; let Crest's ServiceAccount patch apiservices with this resourceName", a.name, err)
	case err != nil:
		return fmt.Errorf("could not patch the caBundle of the APIService %s: %w", a.name, err)
	}
	return nil
}
