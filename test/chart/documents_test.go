package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/crest-hpa/crest/test/chart"
	"github.com/crest-hpa/crest/test/cluster"
)

// Each block of YAML in docs/install.md that is no object of Kubernetes is values of the chart.
func TestTheValuesInTheDocumentsAreRendered(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/install.md"))
	if err != nil {
		t.Fatal(err)
	}
	rendered := 0
	for i, part := range strings.Split(string(text), "```") {
		block, is := strings.CutPrefix(part, "yaml\n")
		if i%2 == 0 || !is || strings.Contains(block, "apiVersion:") {
			continue
		}
		var shown map[string]any
		if err := yaml.Unmarshal([]byte(block), &shown); err != nil {
			t.Fatalf("%v in:\n%s", err, block)
		}
		if _, err := (chart.Release{Values: over(values(t, "minimal"), shown), Namespace: "crest-system"}).Render(); err != nil {
			t.Errorf("%v in:\n%s", err, block)
		}
		rendered++
	}
	if rendered < 3 {
		t.Errorf("found %d blocks of values", rendered)
	}
}

// What users copy: decoded strictly, Pods at the restricted standard, and HPAs that Crest can answer.
func TestTheExamplesAreRight(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	decoder := strictDecoder(t)
	for _, file := range examples(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		typed, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if hpa, is := typed.(*autoscalingv2.HorizontalPodAutoscaler); is {
			followsItsWorkload(t, file, hpa)
		}
		found, err := cluster.Objects(text)
		if err != nil {
			t.Fatal(err)
		}
		if meta, spec, has := podOf(t, found[0]); has {
			restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
			if result := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, meta, spec)); !result.Allowed {
				t.Errorf("%s: %s", file, result.ForbiddenDetail())
			}
		}
	}
}

// examples are the chart's and those of deploy/demo.
func examples(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"charts/crest/examples/*.yaml", "deploy/demo/[^k]*.yaml"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("no file is like %s: %v", pattern, err)
		}
		all = append(all, found...)
	}
	return all
}

func followsItsWorkload(t *testing.T, file string, hpa *autoscalingv2.HorizontalPodAutoscaler) {
	t.Helper()
	metric := hpa.Spec.Metrics[0].External
	if metric.Target.Type != autoscalingv2.ValueMetricType || metric.Metric.Name != "max_container_cpu_utilization" {
		t.Errorf("%s: the metric is %+v", file, metric)
	}
	if _, err := metav1.LabelSelectorAsSelector(metric.Metric.Selector); err != nil {
		t.Errorf("%s: %v", file, err)
	}
	if got := metric.Metric.Selector.MatchLabels["deployment"]; got != hpa.Spec.ScaleTargetRef.Name {
		t.Errorf("%s: the selector names %q, the HPA scales %q", file, got, hpa.Spec.ScaleTargetRef.Name)
	}
}
