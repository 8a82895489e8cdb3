package registration

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

// Unregister deletes an APIService if it leads to this Service, and returns in
// words what it did. One that belongs to another, or does not exist, is no
// error: it is as it is to be. It tries until ctx ends.
func Unregister(ctx context.Context, client dynamic.Interface, name string, service Service) (string, error) {
	var done string
	err := until(ctx, func(ctx context.Context) (err error) {
		done, err = unregister(ctx, client, name, service)
		return err
	})
	return done, err
}

func unregister(ctx context.Context, client dynamic.Interface, name string, service Service) (string, error) {
	o, err := client.Resource(resource).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Sprintf("nothing to do: the APIService %s does not exist", name), nil
	}
	if err != nil {
		return "", explain("reading", "get", name, err)
	}
	a := parse(o)
	if a.service != service {
		return fmt.Sprintf("nothing done: %v", &foreignError{apiService: name, owner: a.service, ours: service}), nil
	}
	// By then it may have been given to another: the deletion is of just this one.
	err = client.Resource(resource).Delete(ctx, name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &a.uid, ResourceVersion: &a.resourceVersion},
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return "", explain("deleting", "delete", name, err)
	}
	return fmt.Sprintf("deleted the APIService %s, which led to the Service %s", name, service), nil
}

func explain(doing, verb, name string, err error) error {
	err = fmt.Errorf("%s the APIService %s: %w", doing, name, err)
	if apierrors.IsForbidden(err) {
		return permanent{fmt.Errorf("%w; let this ServiceAccount %s apiservices with this resourceName", err, verb)}
	}
	return err
}
