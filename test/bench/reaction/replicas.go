package reaction

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// change is the moment at which a Deployment was told to have so many replicas.
type change struct {
	at       time.Time
	replicas int
}

// replicas remembers the changes of all Deployments, by namespace/name.
type replicas struct {
	mu      sync.Mutex
	changes map[string][]change
}

// follow watches all Deployments until the context ends; the returned function waits for that end.
func follow(ctx context.Context, client kubernetes.Interface) (*replicas, func(), error) {
	r := &replicas{changes: map[string][]change{}}
	factory := informers.NewSharedInformerFactory(client, 0)
	see := func(object any) {
		if d, ok := object.(*appsv1.Deployment); ok && d.Spec.Replicas != nil {
			r.add(d.Namespace+"/"+d.Name, change{time.Now(), int(*d.Spec.Replicas)})
		}
	}
	handler, err := factory.Apps().V1().Deployments().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: see, UpdateFunc: func(_, object any) { see(object) },
	})
	if err != nil {
		return nil, nil, fmt.Errorf("watching the Deployments: %w", err)
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), handler.HasSynced) {
		factory.Shutdown()
		return nil, nil, fmt.Errorf("watching the Deployments: %w", context.Cause(ctx))
	}
	return r, factory.Shutdown, nil
}

func (r *replicas) add(name string, c change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.changes[name]
	if len(all) == 0 || all[len(all)-1].replicas != c.replicas {
		r.changes[name] = append(all, c)
	}
}

// since are the changes of a Deployment after a moment, oldest first.
func (r *replicas) since(namespace, name string, moment time.Time) []change {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.changes[namespace+"/"+name]), func(c change) bool { return c.at.Before(moment) })
}
