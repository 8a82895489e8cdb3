package query

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func tag(key string, values ...string) Filter { return newIn(key, values) }

func TestParse(t *testing.T) {
	tests := map[string]struct {
		text string
		want Query
	}{
		"the whole grammar at once": {
			text: "avg:kubernetes.cpu.usage.total{kube_cluster_name:prod AND kube_namespace IN (a,b)} by {kube_namespace,kube_container_name}.rollup(avg,30).fill(null)",
			want: Query{
				Aggregator: Avg, Metric: "kubernetes.cpu.usage.total",
				Filter: All{tag("kube_cluster_name", "prod"), tag("kube_namespace", "a", "b")},
				By:     []string{"kube_namespace", "kube_container_name"},
				Rollup: Rollup{Method: Avg, Every: 30 * time.Second}, Fill: FillNull,
			},
		},
		"a star picks every series":               {"sum:m{*}", Query{Aggregator: Sum, Metric: "m"}},
		"no aggregator means avg":                 {"m{*}", Query{Aggregator: Avg, Metric: "m"}},
		"spaces are free":                         {" max : m { * } by { a , b } . rollup ( 60 ) ", Query{Aggregator: Max, Metric: "m", By: []string{"a", "b"}, Rollup: Rollup{Avg, time.Minute}}},
		"a rollup may leave the width open":       {"min:m{*}.rollup(max)", Query{Aggregator: Min, Metric: "m", Rollup: Rollup{Method: Max}}},
		"a fill may bound the gap":                {"avg:m{*}.fill(linear, 60)", Query{Aggregator: Avg, Metric: "m", Fill: FillLinear, FillLimit: time.Minute}},
		"AND binds tighter than OR":               {"avg:m{a:1 OR b:2 AND c:3}", Query{Aggregator: Avg, Metric: "m", Filter: Any{tag("a", "1"), All{tag("b", "2"), tag("c", "3")}}}},
		"parentheses win":                         {"avg:m{(a:1 OR b:2) AND c:3}", Query{Aggregator: Avg, Metric: "m", Filter: All{Any{tag("a", "1"), tag("b", "2")}, tag("c", "3")}}},
		"words are read in any case":              {"avg:m{a:1 and not b in (x)}", Query{Aggregator: Avg, Metric: "m", Filter: All{tag("a", "1"), Not{tag("b", "x")}}}},
		"NOT IN follows the key":                  {"avg:m{a NOT IN (x,y)}", Query{Aggregator: Avg, Metric: "m", Filter: Not{tag("a", "x", "y")}}},
		"a comma list is a conjunction":           {"avg:m{a:1,!b:2}", Query{Aggregator: Avg, Metric: "m", Filter: All{tag("a", "1"), Not{tag("b", "2")}}}},
		"a keyword may begin the name of a tag":   {"avg:m{order:1 AND notify:2 AND input:3}", Query{Aggregator: Avg, Metric: "m", Filter: All{tag("order", "1"), tag("notify", "2"), tag("input", "3")}}},
		"a value may hold colons, dots and stars": {"avg:m{image:reg.io/a:1.2,pod_name:web-*}", Query{Aggregator: Avg, Metric: "m", Filter: All{tag("image", "reg.io/a:1.2"), tag("pod_name", "web-*")}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %s\n%#v\nwant %#v", got, got, test.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"nothing":                       {"", "name of a metric"},
		"an unknown aggregator":         {"p95:m{*}", "p95"},
		"a metric without a scope":      {"avg:m", "expected '{'"},
		"an empty scope":                {"avg:m{}", "expected a tag"},
		"an open scope":                 {"avg:m{a:1", "expected '}'"},
		"a tag without a value":         {"avg:m{a:}", "no value"},
		"a word that is no tag":         {"avg:m{prod}", "prod:value"},
		"a comma beside AND":            {"avg:m{a:1,b:2 AND c:3}", "cannot mix"},
		"a comma beside IN":             {"avg:m{a:1,b IN (x,y)}", "cannot mix"},
		"an exclamation mark beside OR": {"avg:m{a:1 OR !b:2}", "cannot mix"},
		"an empty IN":                   {"avg:m{a IN ()}", "expected a value"},
		"a group without a tag":         {"avg:m{*} by {}", "tag to group by"},
		"the same group twice":          {"avg:m{*} by {a,a}", "twice"},
		"an unknown modifier":           {"avg:m{*}.as_count()", "as_count"},
		"two rollups":                   {"avg:m{*}.rollup(avg,30).rollup(avg,30)", "repeated"},
		"a rollup of zero seconds":      {"avg:m{*}.rollup(avg,0)", "number of seconds"},
		"an unknown fill":               {"avg:m{*}.fill(none)", "none"},
		"text after the query":          {"avg:m{*} please", "unexpected"},
		"parentheses without end":       {"avg:m{" + strings.Repeat("(", 200) + "a:1", "nested deeper"},
		"a star beside a tag":           {"avg:m{*,a:1}", "expected a tag"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(test.text)
			var where *Error
			if !errors.As(err, &where) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, %v; want an Error with %q", got, err, test.want)
			}
		})
	}
}

func TestParseRefusesWhatBelongsIntoFormulas(t *testing.T) {
	for name, text := range map[string]string{
		"a function around the query": "default_zero(avg:m{*})",
		"a function with an argument": "top(avg:m{*}, 10, 'mean', 'desc')",
		"a quotient of two queries":   "avg:m{*} / avg:n{*}",
		"a query times a number":      "avg:m{*} * 100",
		"a query in parentheses":      "(avg:m{*})",
		"a negated query":             "-avg:m{*}",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Parse(text); !errors.Is(err, ErrFunctions) {
				t.Errorf("got %q, %v; want ErrFunctions", got, err)
			}
		})
	}
}

func TestFilterMatch(t *testing.T) {
	series := map[string]string{"kube_namespace": "shop", "kube_deployment": "item", "pod_name": "item-6d5-x"}
	tests := map[string]struct {
		filter string
		want   bool
	}{
		"a tag that is there":                      {"kube_namespace:shop", true},
		"a tag with another value":                 {"kube_namespace:bank", false},
		"a tag that is missing":                    {"kube_argo_rollout:item", false},
		"the negation of a missing tag":            {"NOT kube_argo_rollout:item", true},
		"one of several":                           {"kube_deployment IN (cart,item)", true},
		"none of several":                          {"kube_deployment NOT IN (cart,item)", false},
		"both of a list":                           {"kube_namespace:shop,!kube_deployment:cart", true},
		"a prefix":                                 {"pod_name:item-*", true},
		"an infix":                                 {"pod_name:*6d5*", true},
		"a star that would have to overlap itself": {"pod_name:item-6d5-x*x", false},
		"a disjunction of conjunctions":            {"(kube_namespace:bank AND kube_deployment:item) OR (kube_namespace:shop AND kube_deployment:item)", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			q, err := Parse("avg:m{" + test.filter + "}")
			if err != nil {
				t.Fatal(err)
			}
			got := q.Filter.Match(func(key string) (string, bool) { v, ok := series[key]; return v, ok })
			if got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}

func TestKeysAreSortedAndUnique(t *testing.T) {
	q, err := Parse("avg:m{b:1 AND (a:1 OR NOT b:2) AND c IN (x,y)}")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Keys(q.Filter), []string{"a", "b", "c"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("avg:m{a:1 AND b IN (x,y)} by {c}.rollup(avg,30).fill(null)")
	f.Add("m{*}")
	f.Add("sum:m{a:1,!b:2*}")
	f.Add("max:m{NOT (a NOT IN (x) OR b:2)}.fill(last,60)")
	f.Add("avg:m{*} / 2")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if err != nil {
			_ = err.Error()
			return
		}
		again, err := Parse(q.String())
		if err != nil {
			t.Fatalf("%q is read as %q, which is refused: %v", text, q, err)
		}
		if !reflect.DeepEqual(q, again) {
			t.Fatalf("%q is read as %q, which is read as %q", text, q, again)
		}
	})
}
