package certificate

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// trouble is why the certificate cannot be kept at the moment, if so. It is
// logged when it begins, when it changes and when it is over.
type trouble struct {
	log logr.Logger
	mu  sync.Mutex
	why string
}

func (t *trouble) begin(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if why := err.Error(); why != t.why {
		t.why = why
		t.log.Info("The serving certificate cannot be kept", "error", why)
	}
}

func (t *trouble) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.why != "" {
		t.why = ""
		t.log.Info("The serving certificate is kept again")
	}
}

// watchFailed notes that the Secret cannot be watched. A watch that ends, as
// all do, is no trouble.
func (r *Rotator) watchFailed(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return
	}
	r.trouble.begin(r.explain("list and watch", err))
}

// explain says what could not be done with the Secret, and what to do about it.
func (r *Rotator) explain(verb string, err error) error {
	what := fmt.Sprintf("could not %s the Secret %s/%s", verb, r.options.Namespace, r.options.Secret)
	switch {
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%s: %w; let Crest's ServiceAccount get, list, watch and update secrets with the resourceName %s", what, err, r.options.Secret)
	case apierrors.IsNotFound(err):
		return &missingError{namespace: r.options.Namespace, name: r.options.Secret}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// missingError says that there is no Secret: Crest may write the one, and make
// none.
type missingError struct{ namespace, name string }

func (e *missingError) Error() string {
	return fmt.Sprintf("the Secret %[1]s/%[2]s, which is to keep the certificate, does not exist: create it, empty, with kubectl create secret generic %[2]s --namespace %[1]s",
		e.namespace, e.name)
}
