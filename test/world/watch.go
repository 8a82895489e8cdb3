package world

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// Run watches the Pods of a cluster and steps the world until the context
// ends, which is not an error. A world runs once.
func (w *World) Run(ctx context.Context, cfg *rest.Config) error {
	cfg = rest.CopyConfig(cfg)
	cfg.ContentType = runtime.ContentTypeProtobuf
	cfg.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("world: client: %w", err)
	}
	return w.watch(ctx, client)
}

func (w *World) watch(ctx context.Context, client kubernetes.Interface) error {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(trim))
	pods := factory.Core().V1().Pods().Informer()
	handler, err := pods.AddEventHandler(w.handler())
	if err != nil {
		return fmt.Errorf("world: watch Pods: %w", err)
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	if !cache.WaitForCacheSync(ctx.Done(), handler.HasSynced) {
		return nil
	}
	w.Step(time.Now())
	close(w.synced)
	ticker := time.NewTicker(w.options.StepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			w.Step(time.Now())
		}
	}
}

// Synced is closed when [World.Run] has seen every Pod of the cluster once.
func (w *World) Synced() <-chan struct{} { return w.synced }

// WaitSynced waits until [World.Run] has seen every Pod once.
func (w *World) WaitSynced(ctx context.Context) error {
	select {
	case <-w.synced:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("world: the Pods have not been listed: does World.Run run?"), context.Cause(ctx))
	}
}

func (w *World) handler() cache.ResourceEventHandler {
	set := func(object any) {
		if p, ok := object.(*corev1.Pod); ok {
			w.SetPod(time.Now(), p)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    set,
		UpdateFunc: func(_, object any) { set(object) },
		DeleteFunc: func(object any) {
			if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = last.Obj
			}
			if p, ok := object.(*corev1.Pod); ok {
				w.DeletePod(time.Now(), p.UID)
			}
		},
	}
}

// trim drops what makes Pods large and is not used here.
func trim(object any) (any, error) {
	if p, ok := object.(*corev1.Pod); ok {
		p.ManagedFields, p.Annotations = nil, nil
		p.Spec.Volumes, p.Spec.Tolerations = nil, nil
	}
	return object, nil
}
