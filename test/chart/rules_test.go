package chart_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"

	"github.com/crest-hpa/crest/test/chart"
)

// What Prometheus would load: expressions and templates that it understands, durations, labels.
func TestPrometheusTakesTheAlerts(t *testing.T) {
	groups := alertGroups(t)
	if len(groups.Groups) != 1 || len(groups.Groups[0].Rules) < 5 {
		t.Fatalf("got %+v", groups)
	}
}

func TestTheAlertsReferToMetricsThatAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range alertGroups(t).Groups[0].Rules {
		for _, name := range metricNames(t, rule.Expr) {
			if !strings.Contains(string(page), "| `"+name+"` |") {
				t.Errorf("%s looks at %s, which docs/metrics.md does not know", rule.Alert, name)
			}
		}
	}
}

func TestTheAlertsLeadToHeadingsOfTheRunbook(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/runbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	headings := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(page), -1) {
		anchor := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		headings[strings.ReplaceAll(anchor, " ", "-")] = true
	}
	for _, rule := range alertGroups(t).Groups[0].Rules {
		_, anchor, _ := strings.Cut(rule.Annotations["runbook_url"], "docs/runbook.md#")
		if !headings[anchor] {
			t.Errorf("%s leads to #%s of the runbook, which has no such heading", rule.Alert, anchor)
		}
	}
}

func TestAnAlertCanBeLeftOut(t *testing.T) {
	rule := find(t, objects(t, chart.Release{Values: values(t, "monitoring"), Namespace: "crest-system"}), "PrometheusRule", "crest")
	text, err := yaml.Marshal(rule.Object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "CrestSkewed") || !strings.Contains(string(text), "team: sre") {
		t.Errorf("got:\n%s", text)
	}
}

// alertGroups are the groups of all alerts, parsed and checked as Prometheus does.
func alertGroups(t *testing.T) *rulefmt.RuleGroups {
	t.Helper()
	values := values(t, "monitoring")
	values["prometheusRule"] = map[string]any{"enabled": true}
	rule := find(t, objects(t, chart.Release{Values: values, Namespace: "crest-system"}), "PrometheusRule", "crest")
	text, err := yaml.Marshal(rule.Object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	groups, problems := rulefmt.Parse(text, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, problem := range problems {
		t.Error(problem)
	}
	if groups == nil {
		t.FailNow()
	}
	return groups
}

// metricNames are the names of the series that an expression selects.
func metricNames(t *testing.T, expr string) []string {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, is := node.(*parser.VectorSelector); is {
			names = append(names, selector.Name)
		}
		return nil
	})
	if len(names) == 0 {
		t.Errorf("%s selects nothing", expr)
	}
	return names
}
