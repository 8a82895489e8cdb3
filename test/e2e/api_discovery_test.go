package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// groupVersion is Crest's API.
const groupVersion = "/apis/external.metrics.k8s.io/v1beta1"

// metricNames are those that discovery lists, sorted.
var metricNames = []string{stage.Containers, stage.Max, stage.PodAverage}

func TestDiscoveryListsTheThreeMetrics(t *testing.T) {
	t.Parallel()
	out, err := shared.Cluster.Kubectl(t.Context(), "get", "--raw", groupVersion)
	if err != nil {
		t.Fatal(err)
	}
	var list metav1.APIResourceList
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range list.APIResources {
		r := &list.APIResources[i]
		names = append(names, r.Name)
		if !r.Namespaced || !slices.Equal(r.Verbs, metav1.Verbs{"get"}) || r.Kind != "ExternalMetricValueList" {
			t.Errorf("%s: namespaced %v, verbs %v, kind %s", r.Name, r.Namespaced, r.Verbs, r.Kind)
		}
	}
	if slices.Sort(names); !slices.Equal(names, metricNames) {
		t.Errorf("discovery lists %v", names)
	}
}

// Modern clients ask for everything in one request.
func TestAggregatedDiscoveryListsTheThreeMetrics(t *testing.T) {
	t.Parallel()
	accept := map[string]string{"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
	scene.Eventually(t, "the aggregated discovery is whole", func() error {
		got := get(t, admin(), "/apis", accept)
		var list apidiscoveryv2.APIGroupDiscoveryList
		if err := json.Unmarshal([]byte(got.body), &list); err != nil {
			t.Fatal(err)
		}
		names, err := resourcesOf(list, "external.metrics.k8s.io")
		if err == nil && !slices.Equal(names, metricNames) {
			err = fmt.Errorf("aggregated discovery lists %v", names)
		}
		return err
	})
}

func resourcesOf(list apidiscoveryv2.APIGroupDiscoveryList, group string) ([]string, error) {
	for i := range list.Items {
		g := &list.Items[i]
		if g.Name != group {
			continue
		}
		var names []string
		for v := range g.Versions {
			if g.Versions[v].Freshness != apidiscoveryv2.DiscoveryFreshnessCurrent {
				return nil, fmt.Errorf("version %s is %s", g.Versions[v].Version, g.Versions[v].Freshness)
			}
			for r := range g.Versions[v].Resources {
				names = append(names, g.Versions[v].Resources[r].Resource)
			}
		}
		slices.Sort(names)
		return names, nil
	}
	return nil, fmt.Errorf("there is no group %s", group)
}

// A restart before it makes the adapter forget whom earlier tests asked for.
func TestTheFirstLookAtAWorkloadThatNoHPANamesAnswersWithinThreeSeconds(t *testing.T) {
	withConfig(t, stage.Config{})
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 3}
	named := stage.Workload{Namespace: w.Namespace, Name: "named", Replicas: 1}
	shared.Serve(t, w, scene.Busy{"istio-proxy": 60, "app": 20})
	shared.Serve(t, named, scene.Busy{"istio-proxy": 60, "app": 20})
	// Once the sources tell of one of them they tell of the other as well.
	shared.Scale(t, stage.HPA{For: named, Min: 1, Max: 1})
	scene.AwaitAnswer(t, shared.Maximum(named), scene.Reads("datadog", 60, 1))

	a := shared.Metric(w, stage.Max)(t.Context())
	if !a.OK() || a.Took.Seconds() > 3 {
		t.Errorf("the first look: %s after %s", a, a.Took)
	}
	t.Logf("the first look took %s", a.Took)
	again := shared.Metric(w, stage.Max)(t.Context())
	if !again.OK() || again.Took >= a.Took {
		t.Errorf("the second look took %s, the first %s: %s", again.Took, a.Took, again)
	}
}

func TestEachMetricAnswersWithAndWithoutAnHPA(t *testing.T) {
	withConfig(t, stage.Config{})
	ns := shared.Namespace(t)
	for name, scaled := range map[string]bool{"with-an-hpa": true, "without": false} {
		w := stage.Workload{Namespace: ns, Name: name, Replicas: 2}
		shared.Serve(t, w, scene.Busy{"istio-proxy": 60, "app": 30})
		if scaled {
			shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 2})
		}
		scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 60, 1))

		got := kubectlRaw(t, w, stage.Max)
		if len(got) != 1 || got[0].labels != "container=istio-proxy,deployment="+name+",source=datadog" {
			t.Errorf("%s of %s: %v", stage.Max, name, got)
		}
		got = kubectlRaw(t, w, stage.Containers)
		if len(got) != 2 || !strings.HasPrefix(got[0].labels, "container=app,") || !strings.HasPrefix(got[1].labels, "container=istio-proxy,") ||
			scene.Within("app", got[0].value, 30, 1) != nil || scene.Within("istio-proxy", got[1].value, 60, 1) != nil {
			t.Errorf("%s of %s: %v", stage.Containers, name, got)
		}
		scene.Eventually(t, "the Pod average is as it should be", func() error { // metrics-server is slower
			got = kubectlRaw(t, w, stage.PodAverage)
			if len(got) != 1 || got[0].labels != "deployment="+name+",source=metrics-server" {
				return fmt.Errorf("%s of %s: %v", stage.PodAverage, name, got)
			}
			return scene.Within("the Pod average", got[0].value, 40, 1) // (60·1 + 30·2) / 3
		})
	}
}

func TestHealthIsToldToAnybody(t *testing.T) {
	t.Parallel()
	for path, check := range map[string]string{
		"/readyz?verbose": "[+]informers ok\n[+]collection ok\n", "/livez?verbose": "[+]loop ok\n", "/healthz": "ok",
	} {
		got := get(t, shared.Adapter.RESTConfig(""), path, nil)
		if got.code != http.StatusOK || !strings.Contains(got.body, check) {
			t.Errorf("%s: %d\n%s", path, got.code, got.body)
		}
	}
}
