package datadog

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func TestQueryTexts(t *testing.T) {
	deployment := func(namespace, name string) utilization.Workload {
		return utilization.Workload{Kind: "deployment", Namespace: namespace, Name: name}
	}
	const (
		avg = "avg:kubernetes.cpu.usage.total{kube_cluster_name:prod-tokyo AND "
		sum = "sum:kubernetes.cpu.usage.total{kube_cluster_name:prod-tokyo AND "
		by  = "} by {kube_namespace,kube_deployment,kube_container_name}.rollup(avg,30).fill(null)"
	)
	for name, test := range map[string]struct {
		workloads []utilization.Workload
		want      []string
	}{
		"one workload": {
			[]utilization.Workload{item},
			[]string{avg + "kube_namespace IN (shop) AND kube_deployment IN (item)" + by, sum + "kube_namespace IN (shop) AND kube_deployment IN (item)" + by},
		},
		"several workloads are sorted and named once": {
			[]utilization.Workload{deployment("shop", "item"), deployment("mall", "cart"), deployment("mall", "item"), deployment("shop", "item")},
			[]string{avg + "kube_namespace IN (mall,shop) AND kube_deployment IN (cart,item)" + by, sum + "kube_namespace IN (mall,shop) AND kube_deployment IN (cart,item)" + by},
		},
		"names that are words of the language stand behind their tag": {
			[]utilization.Workload{deployment("in", "or"), deployment("shop", "item"), deployment("shop", "not")},
			[]string{
				avg + "(kube_namespace IN (shop) OR kube_namespace:in) AND (kube_deployment IN (item) OR kube_deployment:not OR kube_deployment:or)" + by,
				sum + "(kube_namespace IN (shop) OR kube_namespace:in) AND (kube_deployment IN (item) OR kube_deployment:not OR kube_deployment:or)" + by,
			},
		},
		"such a name alone needs no parentheses": {
			[]utilization.Workload{deployment("shop", "and")},
			[]string{avg + "kube_namespace IN (shop) AND kube_deployment:and" + by, sum + "kube_namespace IN (shop) AND kube_deployment:and" + by},
		},
		"what cannot exist is not asked about": {
			[]utilization.Workload{item, deployment("shop", "x) OR (a:b"), deployment("shop", "*"), deployment("Shop", "item"), {Kind: "rollout", Namespace: "shop", Name: "item"}},
			[]string{avg + "kube_namespace IN (shop) AND kube_deployment IN (item)" + by, sum + "kube_namespace IN (shop) AND kube_deployment IN (item)" + by},
		},
		"nothing": {nil, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := testScope().Ask(test.workloads, noon).Texts(); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestQueriesOfSeveralKindsGoTogether(t *testing.T) {
	q := testScope().Ask([]utilization.Workload{queue, item}, noon)
	body, err := q.Body()
	if err != nil {
		t.Fatal(err)
	}
	var sent requestBody
	if err := json.Unmarshal(body, &sent); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, query := range sent.Data.Attributes.Queries {
		aggregator, _, _ := strings.Cut(query.Query, ":")
		tag := regexp.MustCompile(`kube_(deployment|stateful_set) IN`).FindString(query.Query)
		got = append(got, query.DataSource+" "+query.Name+" "+aggregator+" "+tag)
	}
	want := []string{
		"metrics avg0 avg kube_deployment IN", "metrics sum0 sum kube_deployment IN",
		"metrics avg1 avg kube_stateful_set IN", "metrics sum1 sum kube_stateful_set IN",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if a := sent.Data.Attributes; a.Interval != 30_000 || sent.Data.Type != "timeseries_request" || a.From != q.From.UnixMilli() || a.To != q.To.UnixMilli() {
		t.Errorf("got %+v", sent.Data)
	}
}

func TestTheWindowIsAlignedAndReachesBackBeyondMaxAge(t *testing.T) {
	for name, test := range map[string]struct {
		now          time.Time
		step, maxAge time.Duration
		from, to     string
	}{
		"on the edge of a bucket":      {noon, 30 * time.Second, 3 * time.Minute, "11:56:00", "12:00:00"},
		"just before it":               {noon.Add(-time.Millisecond), 30 * time.Second, 3 * time.Minute, "11:55:30", "11:59:30"},
		"in the middle of a bucket":    {noon.Add(17 * time.Second), 30 * time.Second, 3 * time.Minute, "11:56:00", "12:00:00"},
		"late in a bucket":             {noon.Add(29 * time.Second), 30 * time.Second, 3 * time.Minute, "11:56:00", "12:00:00"},
		"a second":                     {noon.Add(1500 * time.Millisecond), time.Second, 6 * time.Second, "11:59:53", "12:00:01"},
		"a step that no minute is of":  {noon, 7 * time.Second, time.Minute, "11:58:43", "12:00:00"},
		"a time zone with half hours":  {noon.In(time.FixedZone("", 5*3600+1800)), time.Hour, time.Hour, "09:00:00", "12:00:00"},
		"maxAge that no step divides":  {noon.Add(10 * time.Second), 30 * time.Second, 100 * time.Second, "11:57:30", "12:00:00"},
		"maxAge as long as the bucket": {noon.Add(10 * time.Second), 30 * time.Second, 30 * time.Second, "11:58:30", "12:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testScope()
			s.Step, s.MaxAge = test.step, test.maxAge
			q := s.Ask([]utilization.Workload{item}, test.now)
			if from, to := q.From.Format(time.TimeOnly), q.To.Format(time.TimeOnly); from != test.from || to != test.to {
				t.Errorf("got %s to %s, want %s to %s", from, to, test.from, test.to)
			}
			if oldest := test.now.Add(-s.MaxAge - s.Step); q.From.After(oldest) {
				t.Errorf("a bucket that begins at %s is of use and is not asked for", oldest)
			}
		})
	}
}

// grammar is all that a query may look like, for the scope of the tests.
var grammar = regexp.MustCompile(`^(?:avg|sum):kubernetes\.cpu\.usage\.total\{kube_cluster_name:prod-tokyo` +
	` AND ` + condition("kube_namespace") + ` AND ` + condition("kube_deployment") +
	`\} by \{kube_namespace,kube_deployment,kube_container_name\}\.rollup\(avg,30\)\.fill\(null\)$`)

func condition(tag string) string {
	name := `([a-z0-9.-]+)`
	return fmt.Sprintf(`(?:%s:%s|%s IN \(%s,?%s?\)|\(%s IN \(%s\) OR %s:%s\)|\(%s:%s OR %s:%s\))`, tag, name, tag, name, name, tag, name, tag, name, tag, name, tag, name)
}

// FuzzQuery holds that no name breaks out of its place in a query: what can
// exist in Kubernetes is found there again, what cannot is not asked about.
func FuzzQuery(f *testing.F) {
	f.Add("shop", "item", "cart")
	f.Add("in", "or", "and")
	f.Add("not", "a.b-c", "0")
	f.Add("shop", "x) OR (kube_namespace:y", "*")
	f.Add("shop", `"`, "ITEM")
	f.Fuzz(func(t *testing.T, namespace, first, second string) {
		a := utilization.Workload{Kind: "deployment", Namespace: namespace, Name: first}
		b := utilization.Workload{Kind: "deployment", Namespace: namespace, Name: second}
		s := testScope()
		want := []string{}
		for _, w := range []utilization.Workload{a, b} {
			if s.CanAsk(w) {
				want = append(want, namespace, w.Name)
			}
		}
		slices.Sort(want)
		want = slices.Compact(want)
		for _, text := range s.Ask([]utilization.Workload{a, b}, noon).Texts() {
			found := grammar.FindStringSubmatch(text)
			if found == nil {
				t.Fatalf("not in the grammar: %s", text)
			}
			got := slices.DeleteFunc(found[1:], func(name string) bool { return name == "" })
			slices.Sort(got)
			if !slices.Equal(slices.Compact(got), want) {
				t.Fatalf("got %q, want %q in %s", got, want, text)
			}
			if regexp.MustCompile(`(?i)[(,](and|or|not|in)[,)]`).MatchString(text) {
				t.Fatalf("a word of the language is in a list: %s", text)
			}
		}
	})
}
