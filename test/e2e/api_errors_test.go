package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// refusal is a question that gets an error; NS in it is the test's namespace.
type refusal struct {
	metric, selector string
	code             int
	message          string
}

const (
	noSuchKey = `; name the workload by one of deployment, statefulset, rollout, hpa and its containers by container`
	noRequest = `has no CPU request; set resources.requests.cpu (for Istio's sidecar the annotation sidecar.istio.io/proxyCPU) (NoRequest)`
)

var refusals = map[string]refusal{
	"a selector without a workload": {
		selector: "container=app", code: http.StatusBadRequest,
		message: `selector "container=app": it names no workload; a selector that works: "deployment=my-app,container=app"`,
	},
	"an unknown key": {
		selector: "app=item", code: http.StatusBadRequest,
		message: `selector "app=item": "app=item": there is no key "app"` + noSuchKey + `; a selector that works: "deployment=item"`,
	},
	"a known workload beside an unknown key": {
		selector: "deployment=item,zone=a", code: http.StatusBadRequest,
		message: `selector "deployment=item,zone=a": "zone=a": there is no key "zone"` + noSuchKey + `; a selector that works: "deployment=item"`,
	},
	"two workloads": {
		selector: "deployment=item,statefulset=item", code: http.StatusBadRequest,
		message: `selector "deployment=item,statefulset=item": it names more than one workload; a selector that works: "deployment=item"`,
	},
	"a workload by a list of names": {
		selector: "deployment in (cart,item)", code: http.StatusBadRequest,
		message: `selector "deployment in (cart,item)": "deployment in (cart,item)" does not name one workload; use deployment=NAME; ` +
			`a selector that works: "deployment=cart"`,
	},
	"all workloads but one": {
		selector: "deployment notin (item)", code: http.StatusBadRequest,
		message: `selector "deployment notin (item)": "deployment notin (item)" does not name one workload; use deployment=NAME; ` +
			`a selector that works: "deployment=item"`,
	},
	"a workload by its key alone": {
		selector: "deployment", code: http.StatusBadRequest,
		message: `selector "deployment": "deployment" does not name one workload; use deployment=NAME; a selector that works: "deployment=my-app"`,
	},
	"a name that no workload can have": {
		selector: "deployment=Item", code: http.StatusBadRequest,
		message: `selector "deployment=Item": "deployment=Item": that cannot be the name of an object (lower-case letters, digits, - and . only); ` +
			`a selector that works: "deployment=my-app"`,
	},
	"containers by their key alone": {
		selector: "container,deployment=item", code: http.StatusBadRequest,
		message: `selector "container,deployment=item": "container" is not understood; use container=NAME, container in (A,B) or container notin (A,B); ` +
			`a selector that works: "deployment=item"`,
	},
	"a name that no container can have": {
		selector: "container=App,deployment=item", code: http.StatusBadRequest,
		message: `selector "container=App,deployment=item": "container=App": "App" cannot be the name of a container (lower-case letters, digits and - only); ` +
			`a selector that works: "deployment=item"`,
	},
	"two requirements on the containers": {
		selector: "container in (app),container notin (x),deployment=item", code: http.StatusBadRequest,
		message: `selector "container in (app),container notin (x),deployment=item": it has more than one requirement on container; ` +
			`a selector that works: "deployment=item,container=app"`,
	},
	"a metric that is not Crest's": {
		metric: "requests_per_second", selector: "deployment=item", code: http.StatusNotFound,
		message: `there is no external metric "requests_per_second"; there are max_container_cpu_utilization, container_cpu_utilization, pod_cpu_utilization`,
	},
	"a workload that does not exist": {
		selector: "deployment=nobody", code: http.StatusNotFound, message: `deployment "nobody" in namespace "NS" does not exist`,
	},
	"a workload of another kind": {
		selector: "statefulset=bare", code: http.StatusNotFound, message: `statefulset "bare" in namespace "NS" does not exist`,
	},
	"an HPA that does not exist": {
		selector: "hpa=nobody", code: http.StatusNotFound, message: `hpa "nobody" in namespace "NS" does not exist`,
	},
	"an HPA whose workload is of a kind that is not configured": {
		selector: "hpa=odd", code: http.StatusBadRequest,
		message: `HPA NS/odd scales ReplicaSet "odd" of apps/v1, which is not among the configured kinds of workload (deployment, rollout, statefulset)`,
	},
	"containers without a CPU request": {
		selector: "deployment=bare", code: http.StatusUnprocessableEntity,
		message: `deployment "bare" in namespace "NS": no container is left to measure: app ` + noRequest + `; istio-proxy ` + noRequest,
	},
	"a container that no Pod has": {
		selector: "container=nobody,deployment=bare", code: http.StatusUnprocessableEntity,
		message: `deployment "bare" in namespace "NS" (container=nobody): no container is left to measure: nobody is in none of 1 Pods (NotInPods)`,
	},
	"a workload none of whose Pods is Ready": {
		selector: "deployment=stuck", code: http.StatusServiceUnavailable,
		message: `deployment "stuck" in namespace "NS": none of its 2 Pods is Ready (2: app: ImagePullBackOff); see kubectl get pods --namespace NS`,
	},
	"a workload at zero": {
		selector: "deployment=asleep", code: http.StatusServiceUnavailable,
		message: `deployment "asleep" in namespace "NS" has no Pods: a utilization does not exist at zero Pods, and this metric alone can never ` +
			`wake the workload; set minReplicas to at least 1, scale it up, or add another metric to the HPA`,
	},
}

// Each refusal is read twice: raw, and in the status and the Events of an HPA
// of its own, which shows messages word for word.
func TestWhatCannotBeAnsweredIsRefusedInWordsThatTheHPAShows(t *testing.T) {
	t.Parallel()
	ns := shared.Namespace(t)
	for _, w := range []stage.Workload{
		{Name: "bare", Replicas: 1, Containers: []stage.Container{{Name: "app"}, {Name: "istio-proxy"}}},
		{Name: "stuck", Replicas: 2, Annotations: map[string]string{cluster.WaitingAnnotation: "ImagePullBackOff"}},
		{Name: "asleep"},
		{Name: "odd", Kind: "ReplicaSet", Replicas: 1},
	} {
		w.Namespace = ns
		create(t, w)
	}
	shared.Scale(t, stage.HPA{For: stage.Workload{Namespace: ns, Name: "odd", Kind: "ReplicaSet"}, Selector: "deployment=bare", Min: 1, Max: 3})

	// All HPAs first: their controller looks at them at the same time.
	asks := map[string]stage.Workload{}
	for name, r := range refusals {
		w := stage.Workload{Namespace: ns, Name: fmt.Sprintf("asks-%d", len(asks)), Replicas: 1}
		create(t, w)
		shared.Scale(t, stage.HPA{For: w, Metric: r.metric, Selector: r.selector, Min: 1, Max: 3})
		asks[name] = w
	}
	for name, r := range refusals {
		t.Run(name, func(t *testing.T) {
			r.message = strings.ReplaceAll(r.message, "NS", ns)
			refusedRaw(t, ns, r)
			refusedInHPA(t, asks[name], r.message)
		})
	}
}

func create(t *testing.T, w stage.Workload) {
	t.Helper()
	if err := shared.Apply(t.Context(), w); err != nil {
		t.Fatal(err)
	}
}

func refusedRaw(t *testing.T, namespace string, r refusal) {
	t.Helper()
	if r.metric == "" {
		r.metric = stage.Max
	}
	scene.Eventually(t, "the error is as it should be", func() error {
		got := get(t, admin(), stage.Path(namespace, r.metric, r.selector), nil)
		if after := got.header.Get("Retry-After"); after != "" {
			t.Errorf("%d has Retry-After %q, which stalls the HPA controller", got.code, after)
		}
		if got.code != r.code || got.message() != r.message {
			return fmt.Errorf("got  %d %s\nwant %d %s", got.code, got.message(), r.code, r.message)
		}
		return nil
	})
}

func refusedInHPA(t *testing.T, w stage.Workload, message string) {
	t.Helper()
	scene.Eventually(t, "the HPA says it, and an Event does", func() error {
		c := scene.ScalingActive(shared.HPA(t, w.Namespace, w.Name))
		if c.Status != corev1.ConditionFalse || c.Reason != "FailedGetExternalMetric" || !strings.HasSuffix(c.Message, ": "+message) {
			return fmt.Errorf("the condition is %s %s %s\nwant the message %s", c.Status, c.Reason, c.Message, message)
		}
		return eventOn(t, w.Namespace, w.Name, "FailedGetExternalMetric", message)
	})
}

// eventOn is an error unless there is an Event on the HPA with this reason
// whose note ends so.
func eventOn(t *testing.T, namespace, name, reason, note string) error {
	t.Helper()
	events, err := shared.Cluster.Client().CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{
		FieldSelector: "involvedObject.kind=HorizontalPodAutoscaler,reason=" + reason + ",involvedObject.name=" + name,
	})
	if err != nil {
		return err
	}
	for i := range events.Items {
		if strings.HasSuffix(events.Items[i].Message, note) {
			return nil
		}
	}
	return fmt.Errorf("none of %d Events %s on %s ends in %q", len(events.Items), reason, name, note)
}

func TestAReadWithoutASelectorIsRefused(t *testing.T) {
	t.Parallel()
	ns := shared.Namespace(t)
	message := `selector "": it names no workload; a selector that works: "deployment=my-app"`
	refusedRaw(t, ns, refusal{code: http.StatusBadRequest, message: message})

	w := stage.Workload{Namespace: ns, Name: "item", Replicas: 1}
	create(t, w)
	target := resource.MustParse("70")
	shared.Scale(t, stage.HPA{For: w, Min: 1, Max: 3, Metrics: []autoscalingv2.MetricSpec{{
		Type: autoscalingv2.ExternalMetricSourceType,
		External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: stage.Max},
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &target},
		},
	}}})
	refusedInHPA(t, w, message)
}

func TestASelectorThatDoesNotParseIsABadRequest(t *testing.T) {
	t.Parallel()
	got := get(t, admin(), stage.Path("default", stage.Max, "deployment=("), nil)
	if got.code != http.StatusBadRequest || got.header.Get("Retry-After") != "" {
		t.Errorf("%d %v %s", got.code, got.header, got.message())
	}
}
