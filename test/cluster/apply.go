package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/utils/ptr"
)

// fieldManager owns the fields that the harness applies.
const fieldManager = "crest-test-harness"

// Apply applies the objects of a YAML stream on the server's side, in their order. Objects
// of a kind whose CRD was just applied, or in a namespace that was just made, are waited for.
func (c *Cluster) Apply(ctx context.Context, manifest []byte) error {
	objects, err := Objects(manifest)
	if err != nil {
		return err
	}
	return c.applier.apply(ctx, objects)
}

// Kubectl runs kubectl as the administrator and returns what it printed to standard output.
// The error holds what it printed to standard error.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	args = append([]string{"--kubeconfig=" + c.Kubeconfig()}, args...)
	command := exec.CommandContext(ctx, filepath.Join(c.options.Bin, "kubectl"), args...)
	command.Env = []string{"HOME=" + c.dir}
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %q: %w: %s", args[1:], err, bytes.TrimSpace(problems.Bytes()))
	}
	return out.String(), nil
}

// applier applies objects of any kind.
type applier struct {
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

func newApplier(config *rest.Config) (*applier, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a dynamic client: %w", err)
	}
	finder, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a discovery client: %w", err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(finder))
	return &applier{dynamic: client, mapper: mapper}, nil
}

func (a *applier) apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		err := poll(ctx, func(ctx context.Context) error { return a.applyOne(ctx, o) })
		cancel()
		if err != nil {
			return fmt.Errorf("applying the %s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
		}
	}
	return nil
}

func (a *applier) applyOne(ctx context.Context, o *unstructured.Unstructured) error {
	kind := o.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		a.mapper.Reset()
		return err
	}
	if err != nil {
		return err
	}
	var client dynamic.ResourceInterface = a.dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := o.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		client = a.dynamic.Resource(mapping.Resource).Namespace(namespace)
	}
	body, err := json.Marshal(o)
	if err != nil {
		return permanent{fmt.Errorf("encoding it: %w", err)}
	}
	_, err = client.Patch(ctx, o.GetName(), types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: fieldManager, Force: ptr.To(true)})
	if err != nil && !mayPass(err) {
		return permanent{err}
	}
	return err
}

// mayPass says whether waiting can cure the error: a CRD is not served at once, and a
// namespace has no ServiceAccount at first, without which a bare Pod is refused.
func mayPass(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsForbidden(err) || apierrors.IsServiceUnavailable(err) ||
		apierrors.IsTooManyRequests(err) || apierrors.IsInternalError(err)
}

// Objects reads the objects of a YAML stream; documents that hold none are left out.
func Objects(manifest []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	var objects []*unstructured.Unstructured
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading object %d of a manifest: %w", len(objects)+1, err)
		}
		if len(o.Object) > 0 {
			objects = append(objects, o)
		}
	}
}
