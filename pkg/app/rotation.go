package app

import (
	"context"

	"golang.org/x/sync/errgroup"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/pkg/certificate"
	"github.com/crest-hpa/crest/pkg/registration"
)

// rotation keeps the serving certificate, and has the APIService trust it. A
// nil rotation does nothing: the certificate is then that of the flags.
type rotation struct {
	rotator *certificate.Rotator
	// registration is nil where no APIService is kept.
	registration *registration.Watch
}

// newRotation makes what the configuration asks for.
func (a *App) newRotation(cluster *rest.Config) (*rotation, error) {
	c := a.config.Certificate
	if !c.Rotate {
		return nil, nil
	}
	log := a.log.WithName("certificate")
	o := certificate.Options{
		Config: cluster, Namespace: c.Namespace, Secret: c.Secret, Service: c.Service,
		Life: c.Life.Duration, CALife: c.CALife.Duration,
		Registerer: a.registry, Log: log, Now: now,
	}
	var r rotation
	var err error
	if c.APIService != "" {
		r.registration, err = registration.NewWatch(registration.Options{
			Config: cluster, APIService: c.APIService,
			Service:    registration.Service{Namespace: c.Namespace, Name: c.Service},
			Registerer: a.registry, Log: log,
		})
		if err != nil {
			return nil, err
		}
		o.Callers = r.registration
	}
	r.rotator, err = certificate.New(o)
	return &r, err
}

// start runs it until stop is called, which returns when all has ended.
func (r *rotation) start(ctx context.Context) (stop func() error) {
	if r == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return r.rotator.Run(ctx) })
	if r.registration != nil {
		group.Go(func() error { return r.registration.Run(ctx) })
	}
	return func() error {
		cancel()
		return group.Wait()
	}
}

// wait returns true when there is a certificate to serve, false when ctx ends
// before. The log says what is waited for.
func (r *rotation) wait(ctx context.Context) bool { return r == nil || r.rotator.Wait(ctx) }

// certificate is what the server presents; nil where the flags say it.
func (r *rotation) certificate() dynamiccertificates.CertKeyContentProvider {
	if r == nil {
		return nil
	}
	return r.rotator.Serving()
}
