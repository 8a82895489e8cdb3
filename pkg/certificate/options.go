package certificate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Callers are told which CAs to trust.
type Callers interface {
	// Trust is the bundle of CAs by which callers verify Crest at this
	// moment, as PEM. kept says whether it is ours to change; if it is not,
	// callers know of the CAs from elsewhere, if at all. It is not known
	// before they have been asked.
	Trust() (bundle []byte, kept, known bool)
	// SetTrust replaces a bundle that Trust returned by another one, unless
	// it has changed since; a conflict, as the API calls it, says so. Until
	// Trust returns the new one takes a moment.
	SetTrust(ctx context.Context, from, bundle []byte) error
	// Changes gets a value after each change of what Trust returns. It holds
	// at most one.
	Changes() <-chan struct{}
}

// Options are what a Rotator is made of.
type Options struct {
	// Config reaches the API server. It is not needed when Client is set.
	Config *rest.Config
	// Client replaces the one that is made from Config.
	Client kubernetes.Interface
	// Namespace and Secret say where the certificate is kept.
	Namespace, Secret string
	// Service is the one, in Namespace, that the certificate is for.
	Service string
	// Life and CALife are how long the serving certificate and the CA are
	// valid. CALife is at least three times Life.
	Life, CALife time.Duration
	// Callers are told whom to trust; nil if nobody is.
	Callers Callers

	Registerer prometheus.Registerer
	Log        logr.Logger
	// Now is the clock.
	Now func() time.Time
}

func (o *Options) validate() error {
	var errs []error
	if o.Config == nil && o.Client == nil {
		errs = append(errs, errors.New("neither a client configuration nor a client is given"))
	}
	if o.Namespace == "" || o.Secret == "" || o.Service == "" {
		errs = append(errs, errors.New("a namespace, a Secret and a Service are needed"))
	}
	if o.Life <= 0 || o.CALife < 3*o.Life {
		errs = append(errs, fmt.Errorf("the CA would live for %s and what it signs for %s; it must be three times as long at least", o.CALife, o.Life))
	}
	if o.Now == nil || o.Registerer == nil {
		errs = append(errs, errors.New("a clock and a registerer are needed"))
	}
	return errors.Join(errs...)
}

func (o *Options) policy() Policy {
	name := o.Service + "." + o.Namespace + ".svc"
	return Policy{Names: []string{name, name + ".cluster.local"}, Life: o.Life, CALife: o.CALife}
}
