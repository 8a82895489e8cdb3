package chart_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crest-hpa/crest/pkg/config"
	"github.com/crest-hpa/crest/test/chart"
)

func TestTheAdapterTakesTheConfigurationOfEachRelease(t *testing.T) {
	everyRelease(t, func(t *testing.T, _ string, r chart.Release) {
		if _, err := config.Parse([]byte(configuration(t, objects(t, r)))); err != nil {
			t.Error(err)
		}
	})
}

// configuration is the file that the ConfigMap holds.
func configuration(t *testing.T, all []*unstructured.Unstructured) string {
	t.Helper()
	for _, o := range all {
		text, has, err := unstructured.NestedString(o.Object, "data", "config.yaml")
		if o.GetKind() == "ConfigMap" && has && err == nil {
			return text
		}
	}
	t.Fatal("no ConfigMap holds a configuration")
	return ""
}

func TestTheConfigurationIsWhatTheValuesSay(t *testing.T) {
	parse := func(name string) config.AdapterConfiguration {
		c, err := config.Parse([]byte(configuration(t, objects(t, chart.Release{Values: values(t, name), Namespace: "crest-system"}))))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	t.Run("keys come from files, the certificate from Crest itself", func(t *testing.T) {
		c := parse("minimal")
		if c.Datadog.ClusterName != "prod-tokyo" || c.Datadog.APIKeyFile != "/etc/crest-datadog/api-key" || c.Datadog.AppKeyFile != "/etc/crest-datadog/app-key" {
			t.Errorf("Datadog is %+v", c.Datadog)
		}
		if got := c.Certificate; !got.Rotate || got.Namespace != "crest-system" || got.Secret != "crest-certificate" || got.Service != "crest" || got.APIService != "v1beta1.external.metrics.k8s.io" {
			t.Errorf("the certificate is %+v", got)
		}
	})
	t.Run("an unregistered Crest patches no APIService", func(t *testing.T) {
		if got := parse("unregistered").Certificate; !got.Rotate || got.APIService != "" {
			t.Errorf("the certificate is %+v", got)
		}
	})
	t.Run("a certificate from elsewhere is not rotated, and keys come from the environment", func(t *testing.T) {
		c := parse("own-certificate")
		if c.Certificate.Rotate || c.Datadog.APIKeyFile != "" {
			t.Errorf("got %+v", c)
		}
	})
	t.Run("without Datadog", func(t *testing.T) {
		c := parse("without-datadog")
		if c.Datadog.Enabled || c.Fallback.Interval.Duration != 20*time.Second || len(c.Workloads) != 2 || c.Workloads[1].Kind != "CloneSet" {
			t.Errorf("got %+v", c)
		}
	})
	t.Run("config adds to what the chart writes", func(t *testing.T) {
		c := parse("everything")
		if c.Datadog.Site != "ap1.datadoghq.com" || c.Datadog.Interval.Duration != time.Minute || c.Certificate.CALife.Duration != 8760*time.Hour || c.Fallback.Mode != config.CalibratedPodAverage {
			t.Errorf("got %+v", c)
		}
	})
}
