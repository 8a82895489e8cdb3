package pods

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// worker runs one Pod. What the API says of the Pod comes in through see and vanish, what
// becomes of it goes out through report.
type worker struct {
	options   *Options
	namespace string
	security  corev1.PodSecurityContext
	ip, dir   string
	began     metav1.Time

	mounts     mounts
	volumes    []*volume
	tokens     map[string]token
	containers []*container

	mu      sync.Mutex
	pod     *corev1.Pod // as the API said last
	changed chan struct{}

	deleting, gone closer
}

// closer is a channel that may be closed more than once.
type closer struct {
	once sync.Once
	c    chan struct{}
}

func (c *closer) close() { c.once.Do(func() { close(c.c) }) }

func newWorker(o *Options, pod *corev1.Pod) *worker {
	w := &worker{
		options: o, namespace: pod.Namespace, ip: o.NextIP(), began: metav1.Now(), pod: pod,
		dir:    filepath.Join(o.Dir, pod.Namespace+"_"+pod.Name+"_"+string(pod.UID)),
		mounts: mounts{}, tokens: map[string]token{}, changed: make(chan struct{}, 1),
	}
	w.deleting.c, w.gone.c = make(chan struct{}), make(chan struct{})
	if pod.Spec.SecurityContext != nil {
		w.security = *pod.Spec.SecurityContext
	}
	for i := range pod.Spec.Containers {
		w.containers = append(w.containers, newContainer(w, &pod.Spec.Containers[i]))
	}
	return w
}

// see is told what the API says of the Pod now.
func (w *worker) see(pod *corev1.Pod) {
	w.mu.Lock()
	w.pod = pod
	w.mu.Unlock()
	if pod.DeletionTimestamp != nil {
		w.deleting.close()
	}
}

// vanish ends the Pod without its grace: the API has it no more, or nobody will ask.
func (w *worker) vanish() {
	w.gone.close()
	w.deleting.close()
}

func (w *worker) latest() *corev1.Pod {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pod
}

// grace is how long the containers of the deleted Pod may take.
func (w *worker) grace() time.Duration {
	seconds := w.latest().DeletionGracePeriodSeconds
	if isClosed(w.gone.c) || seconds == nil {
		return 0
	}
	return time.Duration(*seconds) * time.Second
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// run plays the Pod from its arrival to its end, which is its deletion or that of ctx.
func (w *worker) run(ctx context.Context) {
	// Beyond its end the Pod is not heard of. What is asked of the API until then ends with ctx.
	reporting, stopReporting := context.WithCancel(ctx)
	var reporter sync.WaitGroup
	reporter.Go(func() { w.report(reporting) })
	life, end := context.WithCancel(ctx)
	go func() {
		<-w.deleting.c
		end()
	}()

	w.live(life)
	if ctx.Err() == nil {
		<-w.deleting.c // a Pod that has finished stays until somebody deletes it
	}
	stopReporting()
	reporter.Wait()
	if !isClosed(w.gone.c) {
		w.bury(ctx)
	}
	end()
	_ = os.RemoveAll(w.dir)
}

// live runs the containers until they have ended: by themselves, or because life has.
func (w *worker) live(life context.Context) {
	pod := w.latest()
	err := refuse(pod)
	if err == nil {
		err = w.makeVolumes(pod)
	}
	if err != nil {
		w.wait(err)
		<-life.Done()
		return
	}
	if !w.mount(life) {
		return
	}
	// While the containers take their grace, their volumes are still kept up to date.
	renewing, stopRenewing := context.WithCancel(context.WithoutCancel(life))
	var all, renewer sync.WaitGroup
	for _, c := range w.containers {
		all.Go(func() { c.run(life) })
	}
	go func() {
		<-w.gone.c // also of a Pod that was being deleted gracefully
		for _, c := range w.containers {
			c.kill()
		}
	}()
	renewer.Go(func() { w.renew(renewing) })
	all.Wait()
	stopRenewing()
	renewer.Wait()
}

// wait has all containers wait for what is wrong with the Pod.
func (w *worker) wait(err error) {
	for _, c := range w.containers {
		c.waits("CreateContainerConfigError", err.Error())
	}
}

// tell has the status reported.
func (w *worker) tell() {
	select {
	case w.changed <- struct{}{}:
	default: // it will be, with this change
	}
}
