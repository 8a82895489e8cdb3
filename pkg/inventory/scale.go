package inventory

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// readSelector reads the label selector of a workload's Pods from its scale.
// The error says what to do.
func readSelector(ctx context.Context, client dynamic.Interface, resource schema.GroupVersionResource, namespace, name string) (labels.Selector, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	scale, err := client.Resource(resource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{}, "scale")
	if apierrors.IsForbidden(err) {
		return nil, fmt.Errorf(`reading its scale: %w; let Crest's ServiceAccount "get" %s/scale of the API group %q`,
			err, resource.Resource, resource.Group)
	}
	if err != nil {
		return nil, fmt.Errorf("reading its scale: %w", err)
	}
	selector, err := selectorOf(scale)
	if err != nil {
		return nil, fmt.Errorf("its scale (%s of %s): %w", resource.Resource, resource.GroupVersion(), err)
	}
	return selector, nil
}

// selectorOf is status.selector of an autoscaling/v1 Scale.
func selectorOf(scale *unstructured.Unstructured) (labels.Selector, error) {
	text, _, err := unstructured.NestedString(scale.Object, "status", "selector")
	if err != nil {
		return nil, fmt.Errorf("status.selector: %w", err)
	}
	if text == "" {
		return nil, errors.New("status.selector is empty: the controller has not set it yet, or the CRD's scale subresource has no labelSelectorPath")
	}
	selector, err := labels.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("status.selector: %w", err)
	}
	return selector, nil
}
