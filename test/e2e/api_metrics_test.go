package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// scraper is the token of an account that may read /metrics, and nothing else.
func scraper(t *testing.T, namespace string) string {
	t.Helper()
	token := account(t, namespace, "scraper")
	apply(t, fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: scraper-%[1]s}
rules:
- {nonResourceURLs: [/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: scraper-%[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: scraper-%[1]s}
subjects: [{kind: ServiceAccount, namespace: %[1]s, name: scraper}]
`, namespace))
	t.Cleanup(func() {
		rbac := shared.Cluster.Client().RbacV1()
		for _, err := range []error{
			rbac.ClusterRoleBindings().Delete(context.Background(), "scraper-"+namespace, metav1.DeleteOptions{}),
			rbac.ClusterRoles().Delete(context.Background(), "scraper-"+namespace, metav1.DeleteOptions{}),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	scene.Eventually(t, "the scraper may read /metrics", func() error {
		if got := get(t, shared.Adapter.RESTConfig(token), "/metrics", nil); got.code != http.StatusOK {
			return fmt.Errorf("/metrics: %d %s", got.code, got.message())
		}
		return nil
	})
	return token
}

// scrape reads the adapter's metrics as Prometheus does.
func scrape(t *testing.T, token string) map[string]*dto.MetricFamily {
	t.Helper()
	got := get(t, shared.Adapter.RESTConfig(token), "/metrics", nil)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(got.body))
	if err != nil {
		t.Fatalf("%d: %v", got.code, err)
	}
	return families
}

func TestMetricsTellOfCrestAndOfItsLibrary(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 2}
	shared.Serve(t, w, scene.Busy{"istio-proxy": 60, "app": 30})
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 2})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 60, 1))
	token := scraper(t, w.Namespace)

	want := map[string]string{ // a label and its value, where one matters
		"crest_collections_total":                    `source="datadog"`,
		"crest_datadog_requests_total":               `code="200"`,
		"crest_datadog_ratelimit_remaining":          `name="query_timeseries"`,
		"crest_answers_total":                        `source="datadog"`,
		"crest_sample_age_seconds":                   `namespace="` + w.Namespace + `"`,
		"crest_selection_source":                     `namespace="` + w.Namespace + `"`,
		"crest_skew_ratio":                           `namespace="` + w.Namespace + `"`,
		"crest_source_transitions_total":             `to="datadog"`,
		"crest_last_collection_timestamp_seconds":    "",
		"crest_metrics_server_requests_total":        `code="200"`,
		"crest_build_info":                           "",
		"apiserver_request_total":                    "",
		"metrics_apiserver_metric_freshness_seconds": "",
		"rest_client_requests_total":                 "",
		"workqueue_depth":                            "",
		"go_goroutines":                              "",
		"process_cpu_seconds_total":                  "",
	}
	scene.Eventually(t, "all metrics are there", func() error {
		families := scrape(t, token)
		for name, label := range want {
			if !hasLabel(families[name], label) {
				return fmt.Errorf("there is no %s{%s}", name, label)
			}
		}
		// (60·1 + 30·2) / 3 is 40, and 60 is 1.5 times that.
		for _, m := range families["crest_skew_ratio"].GetMetric() {
			if hasLabel(&dto.MetricFamily{Metric: []*dto.Metric{m}}, want["crest_skew_ratio"]) {
				return scene.Within("the skew", m.GetGauge().GetValue(), 1.5, 0.05)
			}
		}
		return nil
	})
}

// hasLabel says whether a family has a metric with a label, written key="value".
func hasLabel(family *dto.MetricFamily, label string) bool {
	for _, m := range family.GetMetric() {
		for _, l := range m.GetLabel() {
			if label == fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()) {
				return true
			}
		}
	}
	return label == "" && len(family.GetMetric()) > 0
}
