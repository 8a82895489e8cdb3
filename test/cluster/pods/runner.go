package pods

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Options say whose Pods are run, and with what.
type Options struct {
	// Client may do all that a kubelet may.
	Client kubernetes.Interface
	// Selector is the label selector of the Pods that are run, as soon as they have a node.
	Selector string
	// Server is the URL of the API server, as a Pod is told it.
	Server string
	// Program is the path of what every image contains.
	Program string
	// Dir is where the Pods' volumes are.
	Dir string
	// HostIP is the address of all nodes.
	HostIP string
	// NextIP is an address of this machine that no Pod had yet.
	NextIP func() string
	// Publish makes the address that the API is told of one of NextIP.
	Publish func(ip string) string
	// Start starts a container.
	Start func(Command) (Process, error)
}

// Command is what one container runs.
type Command struct {
	// Name is for its log. A container that is restarted keeps it.
	Name string
	// Path is the program.
	Path string
	// Args and Env are complete.
	Args, Env []string
}

// Process is a container that runs, or did.
type Process interface {
	// Done is closed once it has ended.
	Done() <-chan struct{}
	// Stop sends SIGTERM and, after the grace period, SIGKILL, and waits for the end. A second
	// call may shorten the grace of the first.
	Stop(grace time.Duration)
	// Exit is the code and, where one ended it, the signal; only after Done.
	Exit() (code, signal int32)
	// Tail is the last lines that it printed.
	Tail(lines int) string
}

// Runner runs Pods until its Stop.
type Runner struct {
	options Options
	ctx     context.Context
	stop    context.CancelFunc

	mu      sync.Mutex
	stopped bool
	workers map[types.UID]*worker
	all     sync.WaitGroup
}

// Run begins to run Pods, and returns once it knows those that there are. ctx bounds that
// alone.
func Run(ctx context.Context, options Options) (*Runner, error) {
	r := &Runner{options: options, workers: map[types.UID]*worker{}}
	r.ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	factory := informers.NewSharedInformerFactoryWithOptions(options.Client, 0,
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = options.Selector }))
	informer := factory.Core().V1().Pods().Informer()
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { r.see(object) },
		UpdateFunc: func(_, object any) { r.see(object) },
		DeleteFunc: func(object any) { r.miss(object) },
	})
	if err != nil {
		return nil, fmt.Errorf("following the Pods %s: %w", options.Selector, err)
	}
	factory.Start(r.ctx.Done())
	r.all.Go(func() {
		<-r.ctx.Done()
		factory.Shutdown()
	})
	if !cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		r.Stop()
		return nil, fmt.Errorf("following the Pods %s: %w", options.Selector, context.Cause(ctx))
	}
	return r, nil
}

// Stop kills all that runs, at once. The API is told nothing of it.
func (r *Runner) Stop() {
	r.mu.Lock()
	r.stopped = true
	for _, w := range r.workers {
		w.vanish()
	}
	r.mu.Unlock()
	r.stop()
	r.all.Wait()
}

// see is told of a Pod that is new or has changed.
func (r *Runner) see(object any) {
	pod, ok := object.(*corev1.Pod)
	if !ok || pod.Spec.NodeName == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.workers[pod.UID]
	if w == nil && !r.stopped && !finished(pod) {
		w = newWorker(&r.options, pod)
		r.workers[pod.UID] = w
		defer r.all.Go(func() { w.run(r.ctx) })
	}
	if w != nil {
		w.see(pod)
	}
}

// finished says that a Pod has come to its end before this runner knew it.
func finished(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && (pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed)
}

// miss is told of a Pod that the API has no more.
func (r *Runner) miss(object any) {
	if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = last.Obj
	}
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.workers[pod.UID]; w != nil {
		w.vanish()
		delete(r.workers, pod.UID)
	}
}
