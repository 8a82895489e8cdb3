package inventory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/cache"
)

// trouble is why a list or a watch fails at the moment, if it does. It is
// logged when it begins and when it changes.
type trouble struct {
	// what is listed, such as "Pods".
	what string
	log  logr.Logger
	why  atomic.Pointer[string]
}

// begin notes a failure. A watch that ends, as all do, is none.
func (t *trouble) begin(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return
	}
	why := fmt.Sprintf("listing %s fails: %v", t.what, err)
	if apierrors.IsForbidden(err) {
		why += `; let Crest's ServiceAccount "list" and "watch" them`
	}
	if last := t.why.Swap(&why); last == nil || *last != why {
		t.log.Info("The API server does not let Crest follow the cluster", "what", t.what, "error", err.Error())
	}
}

// end notes that something arrived.
func (t *trouble) end() {
	if t.why.Load() != nil && t.why.Swap(nil) != nil {
		t.log.Info("The API server lets Crest follow the cluster again", "what", t.what)
	}
}

// pending says why there is no list yet.
func (t *trouble) pending() string {
	if why := t.why.Load(); why != nil {
		return *why
	}
	return t.what + " are being listed"
}

// install makes the informer report to t and keep what transform makes.
func (t *trouble) install(informer cache.SharedIndexInformer, transform cache.TransformFunc, failed func(error)) error {
	if err := informer.SetTransform(transform); err != nil {
		return fmt.Errorf("informer of %s: %w", t.what, err)
	}
	err := informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		t.begin(err)
		failed(err)
	})
	if err != nil {
		return fmt.Errorf("informer of %s: %w", t.what, err)
	}
	return nil
}
