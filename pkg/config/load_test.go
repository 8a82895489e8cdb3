package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/config"
)

var update = flag.Bool("update", false, "write the golden files and the generated documentation")

const head = "apiVersion: crest/v1alpha1\nkind: AdapterConfiguration\n"

// named is a file with nothing but what has no default.
const named = head + "datadog:\n  clusterName: prod-tokyo\n"

// parse fails the test where the text is not a configuration.
func parse(t testing.TB, text string) config.AdapterConfiguration {
	t.Helper()
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFileThatOnlyNamesTheClusterGetsEveryDefault(t *testing.T) {
	want := config.AdapterConfiguration{
		APIVersion: "crest/v1alpha1",
		Kind:       "AdapterConfiguration",
		Datadog: config.Datadog{
			Enabled:              true,
			ClusterName:          "prod-tokyo",
			ClusterTag:           "kube_cluster_name",
			UsageMetric:          "kubernetes.cpu.usage.total",
			Interval:             config.Duration{Duration: 30 * time.Second},
			RetryInterval:        config.Duration{Duration: 10 * time.Second},
			Timeout:              config.Duration{Duration: 10 * time.Second},
			MaxAge:               config.Duration{Duration: 3 * time.Minute},
			FailureThreshold:     2,
			RecoveryThreshold:    2,
			MaxWorkloadsPerQuery: 1000,
		},
		ShutdownDelay:          config.Duration{Duration: 10 * time.Second},
		DownscaleStabilization: config.Duration{Duration: 5 * time.Minute},
		Fallback: config.Fallback{
			Mode:      "PodAverage",
			ScaleDown: "auto",
			Interval:  config.Duration{Duration: 15 * time.Second},
			MaxAge:    config.Duration{Duration: 90 * time.Second},
		},
		Workloads: []config.Workload{
			{Key: "deployment", APIVersion: "apps/v1", Kind: "Deployment", Tag: "kube_deployment"},
			{Key: "statefulset", APIVersion: "apps/v1", Kind: "StatefulSet", Tag: "kube_stateful_set"},
			{Key: "rollout", APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Tag: "kube_argo_rollout"},
		},
		Certificate: config.Certificate{
			Secret: "crest-certificate", Service: "crest", APIService: "v1beta1.external.metrics.k8s.io",
			Life: config.Duration{Duration: 2160 * time.Hour}, CALife: config.Duration{Duration: 43800 * time.Hour},
		},
	}
	got := parse(t, named)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	want = config.Default()
	want.Datadog.ClusterName = "prod-tokyo"
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got     %+v\nDefault %+v", got, want)
	}
}

func TestFilesThatAreRight(t *testing.T) {
	cases := map[string]struct {
		text string
		want func(*config.AdapterConfiguration)
	}{
		"without Datadog the fallback serves the maximum, and no cluster name is needed": {
			head + "datadog: {enabled: false}",
			func(c *config.AdapterConfiguration) {
				c.Datadog.Enabled, c.Datadog.ClusterName, c.Fallback.Mode = false, "", config.MaxContainer
			},
		},
		"without Datadog a Pod average that may never shrink is taken": {
			head + "datadog: {enabled: false}\nfallback: {mode: PodAverage, scaleDown: never}",
			func(c *config.AdapterConfiguration) {
				c.Datadog.Enabled, c.Datadog.ClusterName, c.Fallback.ScaleDown = false, "", config.ScaleDownNever
			},
		},
		"a key without a value keeps its default": {
			named + "  interval:\nfallback:\nworkloads: null\nshutdownDelay: ~\n", nil,
		},
		"a list of workloads replaces the default list": {
			named + "workloads:\n- {key: shop.example/game, apiVersion: agones.dev/v1, kind: Fleet, tag: fleet}\n",
			func(c *config.AdapterConfiguration) {
				c.Workloads = []config.Workload{{Key: "shop.example/game", APIVersion: "agones.dev/v1", Kind: "Fleet", Tag: "fleet"}}
			},
		},
		"two groups may have a kind of one name": {
			named + "workloads:\n- {key: statefulset, apiVersion: apps/v1, kind: StatefulSet, tag: a}\n- {key: advanced, apiVersion: apps.kruise.io/v1beta1, kind: StatefulSet, tag: b}\n",
			func(c *config.AdapterConfiguration) {
				c.Workloads = []config.Workload{
					{Key: "statefulset", APIVersion: "apps/v1", Kind: "StatefulSet", Tag: "a"},
					{Key: "advanced", APIVersion: "apps.kruise.io/v1beta1", Kind: "StatefulSet", Tag: "b"},
				}
			},
		},
		"JSON is YAML": {
			`{"apiVersion": "crest/v1alpha1", "kind": "AdapterConfiguration", "datadog": {"clusterName": "prod-tokyo", "maxAge": "4m"}}`,
			func(c *config.AdapterConfiguration) { c.Datadog.MaxAge.Duration = 4 * time.Minute },
		},
		"a cluster whose name is a number": {
			head + "datadog: {clusterName: 042}",
			func(c *config.AdapterConfiguration) { c.Datadog.ClusterName = "042" },
		},
		"an anchor and its alias": {
			named + "  interval: &half 60s\n  maxAge: 4m\nshutdownDelay: *half\n",
			func(c *config.AdapterConfiguration) {
				c.Datadog.Interval.Duration, c.Datadog.MaxAge.Duration = time.Minute, 4*time.Minute
				c.ShutdownDelay.Duration = time.Minute
			},
		},
		"everything scaled down for a test": {
			head + "datadog: {clusterName: prod-tokyo, interval: 1s, timeout: 1s, retryInterval: 1s, maxAge: 4s, failureThreshold: 1, recoveryThreshold: 1, maxWorkloadsPerQuery: 50}",
			func(c *config.AdapterConfiguration) {
				second := config.Duration{Duration: time.Second}
				c.Datadog.Interval, c.Datadog.Timeout, c.Datadog.RetryInterval = second, second, second
				c.Datadog.MaxAge.Duration = 4 * time.Second
				c.Datadog.FailureThreshold, c.Datadog.RecoveryThreshold, c.Datadog.MaxWorkloadsPerQuery = 1, 1, 50
			},
		},
		"a certificate of its own, for a service without an APIService": {
			named + "certificate: {rotate: true, namespace: crest-system, apiService: '', life: 1m, caLife: 3m}",
			func(c *config.AdapterConfiguration) {
				c.Certificate.Rotate, c.Certificate.Namespace, c.Certificate.APIService = true, "crest-system", ""
				c.Certificate.Life.Duration, c.Certificate.CALife.Duration = time.Minute, 3*time.Minute
			},
		},
		"what is set for a certificate that another makes is ignored": {
			named + "certificate: {life: 1s}",
			func(c *config.AdapterConfiguration) { c.Certificate.Life.Duration = time.Second },
		},
		"no delays at all": {
			named + "shutdownDelay: 0s\ndownscaleStabilization: 0s\n",
			func(c *config.AdapterConfiguration) {
				c.ShutdownDelay.Duration, c.DownscaleStabilization.Duration = 0, 0
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			want := config.Default()
			want.Datadog.ClusterName = "prod-tokyo"
			if tc.want != nil {
				tc.want(&want)
			}
			if got := parse(t, tc.text); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, err := config.Load(filepath.Join("testdata", "every-mistake.yaml"))
	var invalid *config.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v, want an InvalidError", err)
	}
	golden := filepath.Join("testdata", "every-mistake.txt")
	got := filepath.ToSlash(invalid.Error()) + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run the test with -update if that is right. Got:\n%s", golden, got)
	}
}

func TestFilesThatAreNoConfiguration(t *testing.T) {
	cases := map[string]struct {
		text, want string
	}{
		"an empty file lacks the head and the cluster": {
			"", "the configuration has 3 problems:\n  apiVersion: Required value: must be crest/v1alpha1\n  kind: Required value: must be AdapterConfiguration\n  datadog.clusterName: Required value:",
		},
		"a list": {
			"- a\n", `the file: Invalid value: must be a mapping of apiVersion, kind, datadog`,
		},
		"text that is not YAML": {
			"a: b: c", "this is not YAML: yaml: mapping values are not allowed in this context",
		},
		"two documents": {
			named + "---\n" + named, "line 5 begins a second document; the file must hold one",
		},
		"a merge key is a key that does not exist": {
			named + "fallback: {<<: {mode: MaxContainer}}", "fallback.<<: Forbidden: there is no such key",
		},
		"an alias of what it stands in": {
			head + "datadog: &a {clusterName: *a}", `datadog.clusterName: Invalid value: must be a text (line 3)`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse([]byte(tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error\n%v\nwant\n%s", err, tc.want)
			}
		})
	}
}

func TestFileThatIsNotThereIsNamed(t *testing.T) {
	_, err := config.Load("testdata/absent.yaml")
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "testdata/absent.yaml") {
		t.Errorf("got %v", err)
	}
}
