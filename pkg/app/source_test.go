package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/crest-hpa/crest/pkg/app/apptest"
	"github.com/crest-hpa/crest/pkg/provider"
)

// withDatadog is a configuration with a Datadog at this URL.
func withDatadog(url string) string {
	return fmt.Sprintf(`
apiVersion: crest/v1alpha1
kind: AdapterConfiguration
shutdownDelay: 0s
datadog:
  clusterName: test
  url: %s
  interval: 1s
  retryInterval: 1s
  timeout: 1s
  maxAge: 30s
fallback: {interval: 1s}
`, url)
}

// keys are those of the tests.
func keys(name string) string {
	return map[string]string{"DD_API_KEY": "an-api-key", "DD_APP_KEY": "an-application-key"}[name]
}

func TestDatadogAnswersWhileItCan(t *testing.T) {
	cluster := shop(t)
	o := options(t, cluster.Kubeconfig, withDatadog(apptest.NewDatadog(t, cluster).URL))
	o.Getenv = keys
	a := start(t, o)
	a.ready()
	var value, source string
	a.eventually("answer from Datadog", func() bool {
		got := a.metric(provider.MaxContainer, "deployment%3Ditem")
		if got.code != http.StatusOK {
			return false
		}
		item := got.items(t)[0]
		value, source = item.Value.String(), item.MetricLabels["source"]
		return source == "datadog"
	})
	if value != "90" {
		t.Errorf("got %s, want the hottest container's 90", value)
	}
}

func TestAFailingDatadogChangesNeitherReadinessNorDiscovery(t *testing.T) {
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"errors":["out of order"]}`, http.StatusInternalServerError)
	}))
	t.Cleanup(failing.Close)
	o := options(t, shop(t).Kubeconfig, withDatadog(failing.URL))
	o.Getenv = keys
	a := start(t, o)
	a.ready()
	if got := a.get(apptest.Reader, group); got.code != http.StatusOK {
		t.Errorf("discovery: %d: %s", got.code, got.body)
	}
	a.eventually("answer from metrics-server", func() bool {
		return a.metric(provider.MaxContainer, "deployment%3Dcalm").code == http.StatusOK
	})
	item := a.metric(provider.MaxContainer, "deployment%3Dcalm").items(t)[0]
	if item.MetricLabels["source"] != "metrics-server" || item.MetricLabels["container"] != "" || item.MetricLabels["measured"] != "6.0" {
		t.Errorf("the answer is not the Pod average: %v", item.MetricLabels)
	}
	if got := a.get("", "/readyz"); got.code != http.StatusOK {
		t.Errorf("readyz: %d: %s", got.code, got.body)
	}
}
