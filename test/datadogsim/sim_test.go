package datadogsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/test/world"
)

// start is aligned to every width of bucket that the tests use.
var start = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

const (
	apiKey = "test-api-key"
	appKey = "test-app-key"
)

// fixture is a simulator at a moment, and the world behind it.
type fixture struct {
	testing.TB
	world *world.World
	sim   *Sim
	now   time.Time
}

// newFixture starts two minutes after two Pods of Deployment shop/item, each
// on a node of its own: app uses 0.2 cores and istio-proxy 0.1 of 1 core.
func newFixture(t testing.TB, change func(*Options)) *fixture {
	t.Helper()
	f := &fixture{TB: t, world: world.New(world.Options{}), now: start.Add(2 * time.Minute)}
	f.service(world.Service{
		Namespace: "shop", Name: "item", Selector: map[string]string{"app": "item"}, Load: 200,
		Cost: map[string]world.CPUSeconds{"app": 0.002, "istio-proxy": 0.001},
	})
	for i := range 2 {
		f.world.SetPod(start, podOf("shop", "item", i))
	}
	f.world.Step(start)
	options := Options{
		World: f.world, APIKey: apiKey, AppKey: appKey, ClusterName: "prod",
		AgentInterval: time.Second, HostJitter: -1,
		Now: func() time.Time { return f.now },
	}
	if change != nil {
		change(&options)
	}
	sim, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	f.sim = sim
	return f
}

func (f *fixture) service(s world.Service) {
	f.Helper()
	if err := f.world.SetService(s); err != nil {
		f.Fatal(err)
	}
}

// podOf is the i-th Pod of a Deployment, Running and Ready on node-i.
func podOf(namespace, deployment string, i int) *corev1.Pod {
	controller := true
	name := fmt.Sprintf("%s-6d5f7c8b9-%d", deployment, i)
	request := corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, UID: types.UID(namespace + "/" + name),
			Labels: map[string]string{"app": deployment},
			OwnerReferences: []metav1.OwnerReference{
				{Kind: "ReplicaSet", Name: deployment + "-6d5f7c8b9", Controller: &controller},
			},
		},
		Spec: corev1.PodSpec{
			NodeName: fmt.Sprintf("node-%d", i),
			Containers: []corev1.Container{
				{Name: "app", Resources: request},
				{Name: "istio-proxy", Resources: request},
			},
		},
		Status: corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		},
	}
}

// wire is an answer as a client sees it.
type wire struct {
	Data *struct {
		Attributes struct {
			Series []struct {
				Tags  []string `json:"group_tags"`
				Query int      `json:"query_index"`
			} `json:"series"`
			Times  []int64      `json:"times"`
			Values [][]*float64 `json:"values"`
		} `json:"attributes"`
	} `json:"data"`
	Errors any `json:"errors"`
}

// byGroup is the values of each series by its tags.
func (w wire) byGroup() map[string][]*float64 {
	groups := make(map[string][]*float64)
	for i, s := range w.Data.Attributes.Series {
		groups[fmt.Sprint(s.Tags)] = w.Data.Attributes.Values[i]
	}
	return groups
}

// usage is the query that most tests ask.
const usage = "avg:kubernetes.cpu.usage.total{kube_cluster_name:prod} by {kube_namespace,kube_deployment,kube_container_name}.rollup(avg,30).fill(null)"

// body is a request for the minute before now.
func (f *fixture) body(queries ...string) []byte {
	f.Helper()
	list := make([]map[string]string, len(queries))
	for i, q := range queries {
		list[i] = map[string]string{"data_source": "metrics", "name": fmt.Sprintf("q%d", i), "query": q}
	}
	body, err := json.Marshal(map[string]any{"data": map[string]any{
		"type": "timeseries_request",
		"attributes": map[string]any{
			"from": f.now.Add(-time.Minute).UnixMilli(), "to": f.now.UnixMilli(), "interval": 30_000, "queries": list,
		},
	}})
	if err != nil {
		f.Fatal(err)
	}
	return body
}

// post sends a body with the right keys and returns the answer undecoded.
func (f *fixture) post(body []byte) *httptest.ResponseRecorder {
	f.Helper()
	r := httptest.NewRequestWithContext(f.Context(), http.MethodPost, "/api/v2/query/timeseries", bytes.NewReader(body))
	r.Header.Set("DD-API-KEY", apiKey)
	r.Header.Set("DD-APPLICATION-KEY", appKey)
	rw := httptest.NewRecorder()
	f.sim.Handler().ServeHTTP(rw, r)
	return rw
}

// ask sends queries and decodes the answer, which must be a 200.
func (f *fixture) ask(queries ...string) wire {
	f.Helper()
	rw := f.post(f.body(queries...))
	if rw.Code != http.StatusOK {
		f.Fatalf("status %d: %s", rw.Code, rw.Body)
	}
	var w wire
	if err := json.Unmarshal(rw.Body.Bytes(), &w); err != nil {
		f.Fatalf("%v in %s", err, rw.Body)
	}
	return w
}

func (f *fixture) fault(faults ...Fault) {
	f.Helper()
	if err := f.sim.SetFault(faults...); err != nil {
		f.Fatal(err)
	}
}

// over sends the usual request over a real connection.
func (f *fixture) over(client *http.Client, url string) (status int, body []byte, err error) {
	f.Helper()
	r, err := http.NewRequestWithContext(f.Context(), http.MethodPost, url+"/api/v2/query/timeseries", bytes.NewReader(f.body(usage)))
	if err != nil {
		f.Fatal(err)
	}
	r.Header.Set("DD-API-KEY", apiKey)
	r.Header.Set("DD-APPLICATION-KEY", appKey)
	answer, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}
