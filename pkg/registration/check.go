package registration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
)

// pause is the time between two attempts.
const pause = 2 * time.Second

// Discovery says what a group and version serves.
type Discovery interface {
	ServerResourcesForGroupVersionWithContext(ctx context.Context, groupVersion string) (*metav1.APIResourceList, error)
}

// Question is what Check is to find.
type Question struct {
	// APIService is the name of the object, and GroupVersion what it serves.
	APIService, GroupVersion string
	// Service is whom it is to lead to; any Service if it is zero.
	Service Service
	// Resources are what discovery is to list.
	Resources []string
}

// Check waits until an API is registered, available and served, and returns the
// Service that serves it. When ctx ends before, or waiting does not help, the
// error is what is still wrong, and what to do about it.
func Check(ctx context.Context, client dynamic.Interface, discovery Discovery, q Question) (Service, error) {
	var found Service
	err := until(ctx, func(ctx context.Context) (err error) {
		if found, err = q.registered(ctx, client); err != nil {
			return err
		}
		return q.served(ctx, discovery)
	})
	return found, err
}

// registered looks at the APIService.
func (q Question) registered(ctx context.Context, client dynamic.Interface) (Service, error) {
	o, err := client.Resource(resource).Get(ctx, q.APIService, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return Service{}, fmt.Errorf("the APIService %s does not exist, so that no HPA reaches Crest: create it (the chart does with apiService.create)", q.APIService)
	case apierrors.IsForbidden(err):
		return Service{}, permanent{fmt.Errorf("reading the APIService %s: %w; let this ServiceAccount get apiservices with this resourceName", q.APIService, err)}
	case err != nil:
		return Service{}, fmt.Errorf("reading the APIService %s: %w", q.APIService, err)
	}
	a := parse(o)
	if q.Service != (Service{}) && a.service != q.Service {
		return a.service, permanent{fmt.Errorf("%w; to see it: kubectl get apiservice %s --output yaml", &foreignError{apiService: a.name, owner: a.service, ours: q.Service}, a.name)}
	}
	if a.available == nil {
		return a.service, fmt.Errorf("kube-apiserver has not looked yet whether the APIService %s is available", a.name)
	}
	if a.available.Status != metav1.ConditionTrue {
		return a.service, fmt.Errorf("the APIService %s is not available because of %s: %s; look at the Pods behind the Service %s: kubectl get endpointslices,pods --namespace %s, and their logs",
			a.name, a.available.Reason, a.available.Message, a.service, a.service.Namespace)
	}
	return a.service, nil
}

// served looks at discovery, which the API server asks of who serves the API.
func (q Question) served(ctx context.Context, discovery Discovery) error {
	list, err := discovery.ServerResourcesForGroupVersionWithContext(ctx, q.GroupVersion)
	if err != nil {
		return fmt.Errorf("discovery of %s: %w", q.GroupVersion, err)
	}
	var names []string
	for _, r := range list.APIResources {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	var missing []string
	for _, r := range q.Resources {
		if !slices.Contains(names, r) {
			missing = append(missing, r)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("discovery of %s lacks %s: it lists %q, so that who serves it is not this Crest", q.GroupVersion, strings.Join(missing, ", "), names)
	}
	return nil
}

// permanent is an error that waiting does not mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

var errNotTried = errors.New("there was no time to try")

// until tries until it works, waiting does not help, or ctx ends; the error is
// then the last one that says something.
func until(ctx context.Context, try func(context.Context) error) error {
	last := errNotTried
	_ = wait.PollUntilContextCancel(ctx, pause, true, func(ctx context.Context) (bool, error) {
		err := try(ctx)
		if ctx.Err() == nil || errors.Is(last, errNotTried) || err == nil {
			last = err
		}
		return err == nil || errors.As(err, &permanent{}), nil // what it returns besides is only that ctx ended
	})
	return last
}
