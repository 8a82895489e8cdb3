package certificate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	// requestTimeout bounds a read or an update of the Secret.
	requestTimeout = 10 * time.Second
	// longestPause is how long nobody looks at the clock, at most: timers do
	// not run while a machine is suspended.
	longestPause = time.Hour
	// retryFirst and retryLast are the pauses after failures, doubling.
	retryFirst, retryLast = time.Second, time.Minute
)

// Rotator keeps the certificate while it runs.
type Rotator struct {
	options Options
	policy  Policy
	log     logr.Logger
	client  kubernetes.Interface
	secrets cache.SharedIndexInformer
	handled cache.ResourceEventHandlerRegistration
	metrics *metrics
	serving *Serving
	trouble trouble
	// wake holds a value after the Secret has changed.
	wake    chan struct{}
	started atomic.Bool

	// The rest belongs to the loop.

	// replaced is the version of the Secret that was replaced here: to look
	// at it again would be to renew twice.
	replaced string
	trust    seenTrust
	retry    time.Duration
}

// New makes a Rotator that does nothing until it runs.
func New(o Options) (*Rotator, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	client := o.Client
	if client == nil {
		config := rest.CopyConfig(o.Config)
		config.RateLimiter = nil // it writes a few times a month
		var err error
		if client, err = kubernetes.NewForConfig(config); err != nil {
			return nil, fmt.Errorf("certificate: making the client: %w", err)
		}
	}
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("certificate: registering metrics: %w", err)
	}
	r := &Rotator{
		options: o, policy: o.policy(), log: o.Log, client: client, metrics: m,
		serving: newServing(), trouble: trouble{log: o.Log}, wake: make(chan struct{}, 1),
	}
	if err := r.prepareInformer(); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return r, nil
}

// prepareInformer makes the watch of the one Secret. Its field selector is by
// what RBAC sees that no other is asked for.
func (r *Rotator) prepareInformer() error {
	r.secrets = coreinformers.NewFilteredSecretInformer(r.client, r.options.Namespace, 0, cache.Indexers{}, func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, r.options.Secret).String()
	})
	err := r.secrets.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { r.watchFailed(err) })
	if err != nil {
		return fmt.Errorf("watching the Secret: %w", err)
	}
	signal := func() {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	r.handled, err = r.secrets.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { signal() },
		UpdateFunc: func(any, any) { signal() },
		DeleteFunc: func(any) { signal() },
	})
	if err != nil {
		return fmt.Errorf("watching the Secret: %w", err)
	}
	return nil
}

// Serving is what the server is to present. It is empty until Wait returns.
func (r *Rotator) Serving() *Serving { return r.serving }

// Wait waits until there is a certificate to serve; it is false if ctx ends
// before. The log says what it waits for.
func (r *Rotator) Wait(ctx context.Context) bool {
	select {
	case <-r.serving.has:
		return true
	case <-ctx.Done():
		return false
	}
}

// Run keeps the certificate until ctx ends. It may be called once.
func (r *Rotator) Run(ctx context.Context) error {
	if !r.started.CompareAndSwap(false, true) {
		return errors.New("certificate: run twice")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var informer sync.WaitGroup
	informer.Go(func() { r.secrets.RunWithContext(ctx) })
	defer informer.Wait()
	select {
	case <-ctx.Done():
		return nil
	case <-r.handled.HasSyncedChecker().Done():
	}
	for {
		timer := time.NewTimer(r.turn(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-r.wake:
		case <-r.changes():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// changes is nil, and so never ready, where there are no callers to ask.
func (r *Rotator) changes() <-chan struct{} {
	if r.options.Callers == nil {
		return nil
	}
	return r.options.Callers.Changes()
}

// secret is the Secret as the watch brought it; nil if there is none.
func (r *Rotator) secret() *corev1.Secret {
	for _, obj := range r.secrets.GetStore().List() {
		if s, ok := obj.(*corev1.Secret); ok && s.Name == r.options.Secret {
			return s
		}
	}
	return nil
}
