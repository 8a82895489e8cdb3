package inventory

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// callTimeout bounds a single call to the API server.
const callTimeout = 10 * time.Second

// kindWatch knows the objects of one configured kind, for as long as the
// cluster serves it.
type kindWatch struct {
	Kind
	discovery Discovery
	metadata  metadata.Interface
	log       logr.Logger
	// retry spaces the attempts to find out whether the kind is served.
	retry wait.Backoff
	// changed is told of each workload whose object came, went or changed;
	// turned, that all of the kind are to be looked at.
	changed func(utilization.Workload)
	turned  func(key string)

	feed     *feed
	served   atomic.Pointer[served]
	unserved atomic.Pointer[string]
}

// served is a kind that the cluster serves.
type served struct {
	resource schema.GroupVersionResource
	store    cache.Store
	synced   func() bool
}

// run follows the kind until ctx ends: it waits for it to be served, watches
// it, and waits again should its CRD be removed.
func (k *kindWatch) run(ctx context.Context) {
	backoff := k.retry
	for ctx.Err() == nil {
		resource, err := k.discover(ctx)
		if err == nil {
			backoff = k.retry
			if err = k.follow(ctx, resource); err == nil {
				continue
			}
		}
		k.miss(ctx, err)
		select {
		case <-ctx.Done():
		case <-time.After(backoff.Step()):
		}
	}
}

// discover asks what the kind's resource is called, and that it can be scaled.
func (k *kindWatch) discover(ctx context.Context) (schema.GroupVersionResource, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	none := schema.GroupVersionResource{}
	list, err := k.discovery.ServerResourcesForGroupVersionWithContext(ctx, k.APIVersion)
	if apierrors.IsNotFound(err) {
		return none, fmt.Errorf("the cluster does not serve %s, the API of %s; is its CRD installed?", k.APIVersion, k.Kind.Kind)
	}
	if err != nil {
		return none, fmt.Errorf("asking the API server for the resources of %s: %w", k.APIVersion, err)
	}
	return k.resourceIn(list)
}

// resourceIn finds the kind in what a group and version serves.
func (k *kindWatch) resourceIn(list *metav1.APIResourceList) (schema.GroupVersionResource, error) {
	none := schema.GroupVersionResource{}
	gv, err := schema.ParseGroupVersion(k.APIVersion)
	if err != nil {
		return none, err
	}
	name, scales := "", map[string]bool{}
	for _, r := range list.APIResources {
		parent, sub, nested := strings.Cut(r.Name, "/")
		switch {
		case nested && sub == "scale":
			scales[parent] = true
		case !nested && r.Kind == k.Kind.Kind && r.Namespaced:
			name = r.Name
		}
	}
	if name == "" {
		return none, fmt.Errorf("the cluster's %s has no namespaced kind %s; is its CRD installed?", k.APIVersion, k.Kind.Kind)
	}
	if !scales[name] {
		return none, fmt.Errorf("%s of %s has no scale subresource, which would tell its Pods; configure a kind that has one", name, k.APIVersion)
	}
	return gv.WithResource(name), nil
}

// miss notes that the kind cannot be followed now.
func (k *kindWatch) miss(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	why := err.Error()
	if last := k.unserved.Swap(&why); last == nil || *last != why {
		k.log.Info("A configured kind of workload cannot be followed; Crest keeps trying", "kind", k.Key, "why", why)
		k.turned(k.Key)
	}
}

// follow watches the objects until ctx ends, or, with an error, until the
// resource is no longer served.
func (k *kindWatch) follow(ctx context.Context, resource schema.GroupVersionResource) error {
	outer := ctx
	ctx, stop := context.WithCancelCause(outer)
	defer stop(nil)
	informer := newObjectInformer(k.metadata, resource, k.feed)
	err := install(informer, trimMetadata, func(err error) {
		if apierrors.IsNotFound(err) {
			stop(fmt.Errorf("%s of %s are no longer served", resource.Resource, k.APIVersion))
		}
	})
	if err != nil {
		return fmt.Errorf("informer of %s: %w", resource.Resource, err)
	}
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { k.notify(nil, obj) },
		UpdateFunc: k.notify,
		DeleteFunc: func(obj any) { k.notify(nil, obj) },
	})
	if err != nil {
		return fmt.Errorf("watching %s: %w", resource.Resource, err)
	}
	if k.unserved.Swap(nil) != nil {
		k.log.Info("A configured kind of workload is followed now", "kind", k.Key, "resource", resource.String())
	}
	k.served.Store(&served{resource: resource, store: informer.GetStore(), synced: registration.HasSynced})
	defer func() {
		k.served.Store(nil)
		k.feed.forget()
		k.turned(k.Key)
	}()
	turned := make(chan struct{})
	go func() {
		defer close(turned)
		if synced(ctx, registration) {
			k.turned(k.Key)
		}
	}()
	informer.RunWithContext(ctx)
	<-turned
	if outer.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

// notify reports an object that came or went, or whose spec changed.
func (k *kindWatch) notify(old, obj any) {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	now, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return
	}
	if before, ok := old.(*metav1.PartialObjectMetadata); ok && before.UID == now.UID && before.Generation == now.Generation {
		return
	}
	k.changed(utilization.Workload{Kind: k.Key, Namespace: now.Namespace, Name: now.Name})
}

// lookup is what is known of an object of this kind.
func (k *kindWatch) lookup(namespace, name string) object {
	s := k.served.Load()
	if s == nil {
		if why := k.unserved.Load(); why != nil {
			return object{pending: *why}
		}
		return object{pending: "the API server is being asked for " + k.Kind.Kind + " of " + k.APIVersion}
	}
	if !s.synced() {
		return object{pending: k.feed.pending()}
	}
	obj, exists, err := s.store.GetByKey(namespace + "/" + name)
	if err != nil || !exists {
		return object{}
	}
	m, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return object{}
	}
	return object{identity: identity{m.UID, m.Generation}, exists: true}
}

// trimMetadata is the transform of the informer of a kind.
func trimMetadata(obj any) (any, error) {
	m, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return obj, nil
	}
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: m.Namespace, Name: m.Name, UID: m.UID, Generation: m.Generation, ResourceVersion: m.ResourceVersion,
	}}, nil
}
