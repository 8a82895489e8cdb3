package registration

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clientgotesting "k8s.io/client-go/testing"
)

const name = "v1beta1.external.metrics.k8s.io"

var crest = Service{Namespace: "crest-system", Name: "crest"}

// cluster is an API server that holds APIServices.
type cluster struct {
	t      *testing.T
	client *dynamicfake.FakeDynamicClient

	mu      sync.Mutex
	version int
	// refuse is the error of each patch, if it is not nil.
	refuse error
	logged []string
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{t: t}
	c.client = dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{resource: "APIServiceList"})
	c.client.PrependReactor("patch", "apiservices", c.patch)
	return c
}

// object is an APIService that leads to a Service.
func object(service Service, spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": name, "uid": "uid-of-" + service.Name},
		"spec":     map[string]any{},
	}}
	if service != (Service{}) {
		o.Object["spec"] = map[string]any{"service": map[string]any{"namespace": service.Namespace, "name": service.Name}}
	}
	for key, value := range spec {
		o.Object["spec"].(map[string]any)[key] = value
	}
	return o
}

// available adds the condition.
func available(o *unstructured.Unstructured, status, reason, message string) *unstructured.Unstructured {
	o.Object["status"] = map[string]any{"conditions": []any{
		map[string]any{"type": "Other", "status": "False"},
		map[string]any{"type": "Available", "status": status, "reason": reason, "message": message},
	}}
	return o
}

// put creates the object, or replaces it behind everybody's back.
func (c *cluster) put(o *unstructured.Unstructured) {
	c.t.Helper()
	c.mu.Lock()
	c.version++
	o.SetResourceVersion("v" + strconv.Itoa(c.version))
	c.mu.Unlock()
	err := c.client.Tracker().Update(resource, o, "")
	if apierrors.IsNotFound(err) {
		err = c.client.Tracker().Create(resource, o, "")
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) patch(action clientgotesting.Action) (bool, runtime.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse != nil {
		return true, nil, c.refuse
	}
	var p struct {
		Metadata struct{ ResourceVersion string }
		Spec     struct{ CABundle string }
	}
	if err := json.Unmarshal(action.(clientgotesting.PatchAction).GetPatch(), &p); err != nil {
		return true, nil, err
	}
	current, err := c.client.Tracker().Get(resource, "", name)
	if err != nil {
		return true, nil, err
	}
	o := current.(*unstructured.Unstructured).DeepCopy()
	if p.Metadata.ResourceVersion != o.GetResourceVersion() {
		return true, nil, apierrors.NewConflict(resource.GroupResource(), name, errors.New("it has changed"))
	}
	c.version++
	o.SetResourceVersion("v" + strconv.Itoa(c.version))
	o.Object["spec"].(map[string]any)["caBundle"] = p.Spec.CABundle
	return true, o, c.client.Tracker().Update(resource, o, "")
}

// bundle is the caBundle in the cluster.
func (c *cluster) bundle() string {
	c.t.Helper()
	o, err := c.client.Tracker().Get(resource, "", name)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(parse(o.(*unstructured.Unstructured)).caBundle)
}

func (c *cluster) logger() logr.Logger {
	return funcr.New(func(_, line string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.logged = append(c.logged, line)
	}, funcr.Options{})
}

// said is how often the log says something.
func (c *cluster) said(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Count(strings.Join(c.logged, "\n"), what)
}

func encode(pem string) string { return base64.StdEncoding.EncodeToString([]byte(pem)) }

// watching runs f with a Watch that runs, in a bubble of time.
func watching(t *testing.T, prepare func(*cluster), f func(t *testing.T, c *cluster, w *Watch)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		prepare(c)
		w, err := NewWatch(Options{Client: c.client, APIService: name, Service: crest, Registerer: prometheus.NewRegistry(), Log: c.logger()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }()
		synctest.Wait()
		f(t, c, w)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}
