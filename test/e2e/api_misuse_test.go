package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

func TestAnHPAThatMisusesAMetricIsToldSoOnce(t *testing.T) {
	withConfig(t, stage.Config{})
	ns := shared.Namespace(t)
	token := scraper(t, ns)
	for _, name := range []string{"item", "average", "summed", "sleepy", "foreign", "split", "wrong", "lost"} {
		create(t, stage.Workload{Namespace: ns, Name: name, Replicas: 1})
	}
	of := func(name string) stage.Workload { return stage.Workload{Namespace: ns, Name: name} }
	for _, h := range []stage.HPA{
		{For: of("average"), Min: 1, Average: 70},
		{For: of("summed"), Min: 1, Metric: stage.Containers},
		{For: of("sleepy"), Min: 0},
		{For: of("foreign"), Min: 1, Selector: "deployment=item"},
		{For: of("split"), Min: 1, Name: "split-60", Target: 60},
		{For: of("split"), Min: 1, Name: "split-70", Target: 70},
		{For: of("wrong"), Min: 1, Selector: "app=wrong"},
		{For: of("lost"), Min: 1, Selector: "hpa=nobody"},
	} {
		h.Max = 3
		shared.Scale(t, h)
	}
	told := map[string]struct{ reason, advice string }{ // by HPA
		"average":  {"AverageValueTarget", "set target.type to Value and target.value to the percentage"},
		"summed":   {"SummedContainers", "use max_container_cpu_utilization, or select one container with container=NAME"},
		"sleepy":   {"CannotWake", "set minReplicas to 1, or add an External or Object metric that exists without Pods"},
		"foreign":  {"ForeignTarget", "name the same workload in both, or use the selector hpa=foreign"},
		"split-60": {"TargetsDisagree", "give them one target"},
		"split-70": {"TargetsDisagree", "give them one target"},
		"wrong":    {"BadSelector", `a selector that works: "deployment=wrong"`},
		"lost":     {"UnknownTarget", "selector hpa=nobody names an HPA that does not exist in namespace " + ns},
	}
	counts := map[string]float64{}
	for _, misuse := range told {
		counts[misuse.reason]++
	}
	scene.Eventually(t, "the misuses are counted", func() error { return countedMisuses(t, token, counts) })
	for name, misuse := range told {
		scene.Eventually(t, "an Event tells of the misuse", func() error { return eventOn(t, ns, name, misuse.reason, misuse.advice) })
	}

	// Told once means: not again with the next change of an HPA.
	shared.Scale(t, stage.HPA{For: of("item"), Min: 1, Max: 3})
	create(t, stage.Workload{Namespace: ns, Name: "item", Replicas: 2})
	scene.AwaitAnswer(t, shared.Maximum(of("item")), scene.From("datadog"))
	for name, misuse := range told {
		if n := logged(ns+"/"+name, misuse.reason); n != 1 {
			t.Errorf("the log names %s %d times for %s, want once", name, n, misuse.reason)
		}
	}

	// What is mended is not counted any more.

	shared.Scale(t, stage.HPA{For: of("average"), Min: 1, Max: 3})
	counts["AverageValueTarget"] = 0
	scene.Eventually(t, "the misuses are counted anew", func() error { return countedMisuses(t, token, counts) })
}

// countedMisuses compares the adapter's gauge.
func countedMisuses(t *testing.T, token string, want map[string]float64) error {
	t.Helper()
	got := map[string]float64{}
	for _, m := range scrape(t, token)["crest_hpa_misuses"].GetMetric() {
		got[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
	}
	for reason, n := range want {
		if got[reason] != n {
			return fmt.Errorf("crest_hpa_misuses is %v, want %v", got, want)
		}
	}
	return nil
}

// logged counts the lines of the adapter's log about a misuse.
func logged(hpa, reason string) int {
	n := 0
	for line := range strings.Lines(shared.Adapter.Logs()) {
		if strings.Contains(line, `"An HPA misuses a metric of Crest"`) &&
			strings.Contains(line, fmt.Sprintf("hpa=%q reason=%q", hpa, reason)) {
			n++
		}
	}
	return n
}
