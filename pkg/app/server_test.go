package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/pkg/app/apptest"
	"github.com/crest-hpa/crest/pkg/provider"
)

func TestAccess(t *testing.T) {
	a := start(t, options(t, shop(t).Kubeconfig, withoutDatadog))
	a.answering()
	const read = group + "/namespaces/shop/max_container_cpu_utilization?labelSelector=deployment%3Ditem"
	tests := map[string]struct {
		token, path string
		want        int
	}{
		"nobody may not read a metric":              {"", read, http.StatusForbidden},
		"an unknown token may not read a metric":    {"forged", read, http.StatusUnauthorized},
		"a known caller without rights may not":     {apptest.Stranger, read, http.StatusForbidden},
		"a caller with rights may":                  {apptest.Reader, read, http.StatusOK},
		"nobody may not see our own metrics":        {"", "/metrics", http.StatusForbidden},
		"nobody may not profile":                    {"", "/debug/pprof/", http.StatusForbidden},
		"a caller without rights may not profile":   {apptest.Stranger, "/debug/pprof/", http.StatusForbidden},
		"a probe needs no token to ask for health":  {"", "/healthz", http.StatusOK},
		"a probe needs no token to ask for life":    {"", "/livez", http.StatusOK},
		"a probe needs no token to ask for service": {"", "/readyz", http.StatusOK},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := a.get(test.token, test.path); got.code != test.want {
				t.Errorf("got %d, want %d: %s", got.code, test.want, got.body)
			}
		})
	}
}

func TestDiscoveryListsTheThreeMetricsInBothForms(t *testing.T) {
	cluster := shop(t)
	a := start(t, options(t, cluster.Kubeconfig, withoutDatadog))
	a.listening()
	want := provider.Metrics()
	slices.Sort(want)

	// It must not wait for anything: the aggregator gives it five seconds.
	a.eventually("serve discovery", func() bool { return a.get(apptest.Reader, group).code == http.StatusOK })
	var legacy metav1.APIResourceList
	a.get(apptest.Reader, group).decode(t, &legacy)
	var names []string
	for _, r := range legacy.APIResources {
		names = append(names, r.Name)
		if !r.Namespaced || r.Kind != "ExternalMetricValueList" || !slices.Equal(r.Verbs, metav1.Verbs{"get"}) {
			t.Errorf("legacy form: %+v", r)
		}
	}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("legacy form: got %v, want %v", names, want)
	}

	var aggregated apidiscoveryv2.APIGroupDiscoveryList
	a.get(apptest.Reader, "/apis", "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList").decode(t, &aggregated)
	names = nil
	for _, g := range aggregated.Items {
		if g.Name != "external.metrics.k8s.io" || len(g.Versions) != 1 || g.Versions[0].Version != "v1beta1" {
			t.Fatalf("aggregated form: %+v", g)
		}
		for _, r := range g.Versions[0].Resources {
			names = append(names, r.Resource)
			if r.Scope != apidiscoveryv2.ScopeNamespace || !slices.Equal(r.Verbs, []string{"get"}) {
				t.Errorf("aggregated form: %+v", r)
			}
		}
	}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("aggregated form: got %v, want %v", names, want)
	}
}

func TestMetricsAreThoseOfTheLibraryAndOurOwn(t *testing.T) {
	a := start(t, options(t, shop(t).Kubeconfig, withoutDatadog))
	a.answering()
	a.metric(provider.MaxContainer, "deployment%3Ditem").items(t)
	got := a.get(apptest.Reader, "/metrics")
	if got.code != http.StatusOK {
		t.Fatalf("%d: %s", got.code, got.body)
	}
	for _, line := range []string{
		`crest_build_info{version="v1.2.3"} 1`,
		`crest_answers_total{metric="max_container_cpu_utilization",outcome="ok",source="metrics-server"}`,
		"crest_answer_duration_seconds_bucket{",
		"apiserver_request_total{",
		`metrics_apiserver_metric_freshness_seconds_count{group="external.metrics.k8s.io"}`,
		"rest_client_requests_total{",
		"go_goroutines ",
		"process_resident_memory_bytes ",
	} {
		if !strings.Contains(string(got.body), line) {
			t.Errorf("there is no %s", line)
		}
	}
}
