package inventory

import (
	"context"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"
)

// livePods leaves out, at the API server, the Pods that have ended for good:
// they belong to no workload that is scaled, and Jobs leave many of them.
const livePods = "status.phase!=Succeeded,status.phase!=Failed"

// newHPAInformer follows the HPAs of all namespaces. Like the informers below
// it is client-go's own but for the feed, which no informer of a factory tells
// of its calls.
func newHPAInformer(core kubernetes.Interface, f *feed) cache.SharedIndexInformer {
	hpas := core.AutoscalingV2().HorizontalPodAutoscalers(metav1.NamespaceAll)
	list := func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return hpas.List(ctx, o) }
	return cache.NewSharedIndexInformer(f.listWatch(list, hpas.Watch, core),
		&autoscalingv2.HorizontalPodAutoscaler{}, 0, cache.Indexers{})
}

// newPodInformer follows the Pods of all namespaces that have not ended.
func newPodInformer(core kubernetes.Interface, f *feed) cache.SharedIndexInformer {
	pods := core.CoreV1().Pods(metav1.NamespaceAll)
	list := func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		o.FieldSelector = livePods
		return pods.List(ctx, o)
	}
	open := func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
		o.FieldSelector = livePods
		return pods.Watch(ctx, o)
	}
	return cache.NewSharedIndexInformer(f.listWatch(list, open, core),
		&corev1.Pod{}, 0, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
}

// newObjectInformer follows the metadata of the objects of one kind.
func newObjectInformer(client metadata.Interface, resource schema.GroupVersionResource, f *feed) cache.SharedIndexInformer {
	objects := client.Resource(resource).Namespace(metav1.NamespaceAll)
	list := func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return objects.List(ctx, o) }
	return cache.NewSharedIndexInformer(f.listWatch(list, objects.Watch, client),
		&metav1.PartialObjectMetadata{}, 0, cache.Indexers{})
}

// install makes an informer keep what transform makes, and tell of what ends
// its attempts: its feed knows already, and logs it.
func install(informer cache.SharedIndexInformer, transform cache.TransformFunc, failed func(error)) error {
	if err := informer.SetTransform(transform); err != nil {
		return err
	}
	return informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { failed(err) })
}
