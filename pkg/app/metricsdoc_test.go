package app_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crest-hpa/crest/pkg/app"
	"github.com/crest-hpa/crest/pkg/app/apptest"
)

var update = flag.Bool("update", false, "write the generated part of docs/metrics.md")

// What stands between these two lines of the page is generated.
const (
	begin = "<!-- generated from the metrics of an adapter: make update-docs -->\n"
	end   = "<!-- end of what is generated -->\n"
)

// TestDocumentation compares docs/metrics.md with what an adapter that asks
// Datadog and makes its certificate registers: name, type, labels and help of each.
func TestDocumentation(t *testing.T) {
	page := filepath.Join("..", "..", "docs", "metrics.md")
	was, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := bytes.Cut(was, []byte(begin))
	_, after, found2 := bytes.Cut(rest, []byte(end))
	if !found || !found2 {
		t.Fatalf("%s lacks the lines\n%s%s", page, begin, end)
	}
	is := string(before) + begin + metricsTable(t) + end + string(after)
	if is == string(was) {
		return
	}
	if !*update {
		t.Fatalf(`%s is not what the adapter measures: run "make update-docs"`, page)
	}
	if err := os.WriteFile(page, []byte(is), 0o644); err != nil {
		t.Fatal(err)
	}
}

// description is how client_golang spells a *prometheus.Desc, whose fields it
// keeps to itself.
var description = regexp.MustCompile(`^Desc\{fqName: ("(?:[^"\\]|\\.)*"), help: ("(?:[^"\\]|\\.)*"), unit: .*constLabels: \{(.*?)\}, variableLabels: \{(.*)\}\}$`)

// metricsTable has a line for each metric, by name.
func metricsTable(t *testing.T) string {
	t.Helper()
	cluster := apptest.NewCluster(t, app.Now)
	o := options(t, cluster.Kubeconfig, withDatadog("http://127.0.0.1:1")+"certificate: {rotate: true, namespace: crest-system}\n")
	o.Getenv = keys
	a, err := app.New(o)
	if err != nil {
		t.Fatal(err)
	}
	descriptions := make(chan *prometheus.Desc)
	go func() {
		defer close(descriptions)
		a.Describe(descriptions)
	}()
	var lines []string
	for d := range descriptions {
		lines = append(lines, metricLine(t, d.String()))
	}
	slices.Sort(lines)
	return "\n| metric | type | labels | what it is |\n| --- | --- | --- | --- |\n" + strings.Join(lines, "") + "\n"
}

func metricLine(t *testing.T, desc string) string {
	t.Helper()
	parts := description.FindStringSubmatch(desc)
	if parts == nil {
		t.Fatalf("client_golang spells a description otherwise now: %s", desc)
	}
	name, err := strconv.Unquote(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	help, err := strconv.Unquote(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, label := range append(strings.Split(parts[3], ","), strings.Split(parts[4], ",")...) {
		if label, _, _ = strings.Cut(label, "="); label != "" {
			labels = append(labels, "`"+label+"`")
		}
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, typeOf(name), strings.Join(labels, ", "), strings.ReplaceAll(help, "|", `\|`))
}

// typeOf is the type that our naming promises of a metric.
func typeOf(name string) string {
	switch {
	case strings.HasSuffix(name, "_total"):
		return "counter"
	case strings.HasSuffix(name, "_duration_seconds"):
		return "histogram"
	}
	return "gauge"
}

func TestTheNameOfAMetricTellsItsType(t *testing.T) {
	cluster := shop(t)
	o := options(t, cluster.Kubeconfig, withDatadog(apptest.NewDatadog(t, cluster).URL))
	o.Getenv = keys
	a := start(t, o)
	a.answering()
	seen := 0
	for line := range strings.Lines(string(a.get(apptest.Reader, "/metrics").body)) {
		words := strings.Fields(line)
		if len(words) != 4 || words[1] != "TYPE" || !strings.HasPrefix(words[2], "crest_") {
			continue
		}
		seen++
		if want := typeOf(words[2]); words[3] != want {
			t.Errorf("%s is a %s; by its name it is a %s", words[2], words[3], want)
		}
	}
	if seen < 10 {
		t.Errorf("saw %d metrics of our own", seen)
	}
}
