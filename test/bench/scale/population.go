package scale

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/world"
)

const (
	// writers is how many workloads are written at a time.
	writers = 64
	// lived is for how long the Pods have been Ready when they are written.
	lived = time.Hour
)

// writer makes the objects of a cluster, and has the world know its Pods.
//
// The first two workloads, one of each sort, go through the API server. All others are written into etcd with the
// managed fields of those: that takes a tenth of the time, and what the API server tells of them is the same, since it
// completes what it reads with the same defaults.
type writer struct {
	client kubernetes.Interface
	store  *store
	world  *world.World
	since  time.Time
	// tracks are those of the world, for Datadog's simulator.
	tracks    frozen
	originals [sorts]original

	pods atomic.Int64
}

// frozen are tracks that do not change any more: to copy so many at each question would be the simulator's time, not
// Datadog's.
type frozen struct{ atomic.Pointer[[]*world.Track] }

// Tracks implements [datadogsim.World].
func (f *frozen) Tracks(time.Time, time.Time) []*world.Track {
	if tracks := f.Load(); tracks != nil {
		return *tracks
	}
	return nil
}

// original is a workload that went through the API server.
type original struct {
	deployment *appsv1.Deployment
	hpa        *autoscalingv2.HorizontalPodAutoscaler
	pod        *corev1.Pod
}

// newWriter makes the namespaces and the originals. The world must not watch the cluster itself: that would be one more
// follower of all Pods.
func newWriter(ctx context.Context, c *cluster.Cluster, w *world.World) (*writer, error) {
	store, err := openStore(c.EtcdURL())
	if err != nil {
		return nil, err
	}
	out := &writer{client: c.Client(), store: store, world: w, since: time.Now().Add(-lived).Truncate(time.Second)}
	for i := range namespaces {
		if err := out.namespace(ctx, namespaceName(i)); err != nil {
			return nil, err
		}
	}
	for i := range out.originals {
		if out.originals[i], err = out.create(ctx, newWorkload(i, 1)); err != nil {
			return nil, fmt.Errorf("making the first workloads: %w", err)
		}
	}
	return out, nil
}

// namespace makes a namespace, with what its controllers would make, and how busy its Pods are.
func (w *writer) namespace(ctx context.Context, name string) error {
	if _, err := w.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("making the namespace %s: %w", name, err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	if _, err := w.client.CoreV1().ServiceAccounts(name).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("making the ServiceAccount of %s: %w", name, err)
	}
	return w.world.SetService(world.Service{
		Namespace: name, Name: population, Selector: map[string]string{partOf: population},
		// 52 %, 66 % and 40 % of what they request: nothing is to scale.
		Idle: map[string]world.Cores{app: 0.130, proxy: 0.066, logAgent: 0.008},
	})
}

// create writes a workload and its first Pod through the API server.
func (w *writer) create(ctx context.Context, each workload) (original, error) {
	var m original
	var err error
	if m.deployment, err = w.client.AppsV1().Deployments(each.namespace).Create(ctx, each.deployment(), metav1.CreateOptions{}); err != nil {
		return m, err
	}
	m.hpa, err = w.client.AutoscalingV2().HorizontalPodAutoscalers(each.namespace).Create(ctx, each.hpa(), metav1.CreateOptions{})
	if err != nil {
		return m, err
	}
	pods := w.client.CoreV1().Pods(each.namespace)
	p, err := pods.Create(ctx, newPod(each, 0), metav1.CreateOptions{FieldManager: "kube-controller-manager"})
	if err != nil {
		return m, err
	}
	run(p, 0, w.since)
	m.pod, err = pods.UpdateStatus(ctx, p, metav1.UpdateOptions{FieldManager: "kubelet"})
	return m, err
}

// fill writes workloads with their HPAs and Pods.
func (w *writer) fill(ctx context.Context, workloads []workload) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for _, each := range workloads {
		group.Go(func() error { return w.workload(ctx, each) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	// What they use they have used from the beginning, so that every source has data at once.
	w.world.Step(w.since.Add(time.Second))
	tracks := w.world.Tracks(w.since, time.Now())
	w.tracks.Store(&tracks)
	return nil
}

// workload writes one as its original was written; the original itself stays, but for its managed fields the same.
func (w *writer) workload(ctx context.Context, each workload) error {
	m := w.originals[each.sort()]
	d, hpa := each.deployment(), each.hpa()
	w.adopt(&d.ObjectMeta, &m.deployment.ObjectMeta)
	w.adopt(&hpa.ObjectMeta, &m.hpa.ObjectMeta)
	if err := w.store.put(ctx, appsv1.SchemeGroupVersion.WithResource("deployments"), d); err != nil {
		return err
	}
	if err := w.store.put(ctx, autoscalingv2.SchemeGroupVersion.WithResource("horizontalpodautoscalers"), hpa); err != nil {
		return err
	}
	for n := range each.pods {
		p := newPod(each, n)
		w.adopt(&p.ObjectMeta, &m.pod.ObjectMeta)
		run(p, int(w.pods.Add(1)), w.since)
		if err := w.store.put(ctx, corev1.SchemeGroupVersion.WithResource("pods"), p); err != nil {
			return err
		}
		w.world.SetPod(w.since, p)
	}
	return nil
}

// adopt gives an object what the API server gave its original.
func (w *writer) adopt(o, original *metav1.ObjectMeta) {
	o.UID, o.Generation = uuid.NewUUID(), original.Generation
	o.CreationTimestamp = metav1.NewTime(w.since)
	o.ManagedFields = original.ManagedFields
}

// sampled is of how many Pods the size is taken.
const sampled = 100

// podBytes is the mean size of a Pod as the API server tells it, in bytes of protobuf.
func (w *writer) podBytes(ctx context.Context) (float64, error) {
	list, err := w.client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{Limit: sampled})
	if err != nil {
		return 0, fmt.Errorf("reading the size of Pods: %w", err)
	}
	bytes := 0
	for i := range list.Items {
		bytes += list.Items[i].Size()
	}
	return float64(bytes) / float64(len(list.Items)), nil
}
