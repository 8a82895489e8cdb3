package inventory

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clientgotesting "k8s.io/client-go/testing"

	"github.com/crest-hpa/crest/pkg/utilization"
)

var (
	metricNames = MetricNames{Max: "max", Container: "each", PodAverage: "average"}
	deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	rollouts    = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}
	kinds       = []Kind{
		{Key: "deployment", APIVersion: "apps/v1", Kind: "Deployment"},
		{Key: "rollout", APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout"},
	}
	item = utilization.Workload{Kind: "deployment", Namespace: "shop", Name: "item"}
	cart = utilization.Workload{Kind: "rollout", Namespace: "shop", Name: "cart"}
)

// maxAge is for how long the cluster is believed without a watch.
const maxAge = 3 * time.Minute

// parse is a grammar of its own: KIND=NAME or hpa=NAME, and container=NAME.
func parse(namespace string, selector labels.Selector) (sel utilization.Selection, hpa string, err error) {
	requirements, _ := selector.Requirements()
	for _, r := range requirements {
		switch values := r.ValuesUnsorted(); r.Key() {
		case "container":
			sel.Containers = utilization.Only(values...)
		case "hpa":
			hpa, sel.Workload.Namespace = values[0], namespace
		case "deployment", "rollout":
			sel.Workload = utilization.Workload{Kind: r.Key(), Namespace: namespace, Name: values[0]}
		default:
			return sel, "", errBadKey
		}
	}
	return sel, hpa, nil
}

type badKeyError struct{}

func (badKeyError) Error() string { return "what a key" }

var errBadKey = badKeyError{}

// cluster is an API server made of fakes, with the inventory that watches it.
type cluster struct {
	*Inventory
	t    *testing.T
	core *fake.Clientset
	meta *metadatafake.FakeMetadataClient

	mu sync.Mutex
	// groups are the resources that each group and version serves.
	groups map[string][]metav1.APIResource
	// selectors are the scales' status.selector by namespace/name; one that
	// begins with "!" is an error.
	selectors map[string]string
	scaleGets int
	logged    []string
}

// inCluster runs f with an inventory that is running, in a bubble of time.
func inCluster(t *testing.T, f func(c *cluster)) {
	t.Helper()
	inPreparedCluster(t, func(*cluster) {}, f)
}

// inPreparedCluster prepares the fakes before the inventory runs.
func inPreparedCluster(t *testing.T, prepare, f func(c *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		prepare(c)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		synctest.Wait()
		f(c)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	scheme := metadatafake.NewTestScheme()
	if err := metav1.AddMetaToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c := &cluster{
		t: t, core: fake.NewClientset(), meta: metadatafake.NewSimpleMetadataClient(scheme),
		selectors: map[string]string{},
		groups:    map[string][]metav1.APIResource{"apps/v1": scalable("deployments", "Deployment")},
	}
	dyn := dynamicfake.NewSimpleDynamicClient(runtime.NewScheme())
	dyn.PrependReactor("get", "*", c.getScale)
	inventory, err := New(Options{
		Clients: &Clients{Core: c.core, Metadata: c.meta, Dynamic: dyn, Discovery: c},
		Kinds:   kinds, Metrics: metricNames, Parse: parse, Remember: 5 * time.Minute, MaxAge: maxAge,
		Registerer: prometheus.NewRegistry(), Log: c.logger(), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Inventory = inventory
	return c
}

func scalable(name, kind string) []metav1.APIResource {
	return []metav1.APIResource{{Name: name, Kind: kind, Namespaced: true}, {Name: name + "/scale", Kind: "Scale", Namespaced: true}}
}

func (c *cluster) logger() logr.Logger {
	return funcr.New(func(_, args string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.logged = append(c.logged, args)
	}, funcr.Options{})
}

func (c *cluster) ServerResourcesForGroupVersionWithContext(_ context.Context, gv string) (*metav1.APIResourceList, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	resources, ok := c.groups[gv]
	if !ok {
		return nil, apierrors.NewNotFound(schema.GroupResource{}, gv)
	}
	return &metav1.APIResourceList{GroupVersion: gv, APIResources: resources}, nil
}

func (c *cluster) getScale(action clientgotesting.Action) (bool, runtime.Object, error) {
	get, ok := action.(clientgotesting.GetAction)
	if !ok || action.GetSubresource() != "scale" {
		return false, nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scaleGets++
	selector := c.selectors[get.GetNamespace()+"/"+get.GetName()]
	if len(selector) > 0 && selector[0] == '!' {
		return true, nil, apierrors.NewForbidden(action.GetResource().GroupResource(), get.GetName(), errBadKey)
	}
	return true, &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"selector": selector}}}, nil
}

func (c *cluster) serve(gv, name, kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.groups[gv] = scalable(name, kind)
}

func (c *cluster) setSelector(w utilization.Workload, selector string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.selectors[w.Namespace+"/"+w.Name] = selector
}

func (c *cluster) gets() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scaleGets
}

func (c *cluster) log() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.logged...)
}

// must fails the test on an error, and else waits until all is quiet.
func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	synctest.Wait()
}

// create makes the object of a workload, with the selector of its Pods.
func (c *cluster) create(w utilization.Workload, uid types.UID, selector string) {
	c.t.Helper()
	c.setSelector(w, selector)
	c.must(c.meta.Tracker().Create(resourceOf(w), objectOf(w, uid, 1), w.Namespace))
}

func (c *cluster) delete(w utilization.Workload) {
	c.t.Helper()
	c.must(c.meta.Tracker().Delete(resourceOf(w), w.Namespace, w.Name))
}

func resourceOf(w utilization.Workload) schema.GroupVersionResource {
	if w.Kind == "rollout" {
		return rollouts
	}
	return deployments
}

func objectOf(w utilization.Workload, uid types.UID, generation int64) *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: w.Namespace, Name: w.Name, UID: uid, Generation: generation,
	}}
	m.APIVersion, m.Kind = "apps/v1", "Deployment"
	if w.Kind == "rollout" {
		m.APIVersion, m.Kind = "argoproj.io/v1alpha1", "Rollout"
	}
	return m
}

func (c *cluster) createPod(p *corev1.Pod) {
	c.t.Helper()
	_, err := c.core.CoreV1().Pods(p.Namespace).Create(c.t.Context(), p, metav1.CreateOptions{})
	c.must(err)
}

func (c *cluster) createHPA(h *autoscalingv2.HorizontalPodAutoscaler) {
	c.t.Helper()
	_, err := c.core.AutoscalingV2().HorizontalPodAutoscalers(h.Namespace).Create(c.t.Context(), h, metav1.CreateOptions{})
	c.must(err)
}

func (c *cluster) updateHPA(h *autoscalingv2.HorizontalPodAutoscaler) {
	c.t.Helper()
	_, err := c.core.AutoscalingV2().HorizontalPodAutoscalers(h.Namespace).Update(c.t.Context(), h, metav1.UpdateOptions{})
	c.must(err)
}

// readyPod is a Pod of namespace shop that runs and has been Ready since then.
func readyPod(name, app string, since time.Time) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{"app": app, "tier": "web"}},
		Spec: corev1.PodSpec{NodeName: "n", Containers: []corev1.Container{{
			Name:      "app",
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("200m")}},
		}}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, StartTime: &metav1.Time{Time: since},
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(since)}},
		},
	}
}

// hpaOf is an HPA that scales w by the maximum of w, with target 70.
func hpaOf(name string, w utilization.Workload) *autoscalingv2.HorizontalPodAutoscaler {
	target := resource.MustParse("70")
	ref := autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: w.Name}
	if w.Kind == "rollout" {
		ref.APIVersion, ref.Kind = "argoproj.io/v1alpha1", "Rollout"
	}
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name, UID: types.UID("uid-of-" + name)},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: ref,
			Metrics: []autoscalingv2.MetricSpec{{
				Type: autoscalingv2.ExternalMetricSourceType,
				External: &autoscalingv2.ExternalMetricSource{
					Metric: autoscalingv2.MetricIdentifier{
						Name:     metricNames.Max,
						Selector: &metav1.LabelSelector{MatchLabels: map[string]string{w.Kind: w.Name}},
					},
					Target: autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &target},
				},
			}},
		},
	}
}
