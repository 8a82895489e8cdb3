package oracle

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/crest-hpa/crest/pkg/datadog"
	"github.com/crest-hpa/crest/pkg/utilization"
	"github.com/crest-hpa/crest/test/datadogsim/query"
)

var scope = datadog.Scope{
	ClusterTag: "kube_cluster_name", ClusterName: "prod-tokyo", UsageMetric: "kubernetes.cpu.usage.total",
	Tags: map[string]string{"deployment": "kube_deployment", "statefulset": "kube_stateful_set"},
	Step: 30 * time.Second, MaxAge: 3 * time.Minute,
}

// now is the moment at which the recorded answers were asked for.
var now = time.Date(2026, 3, 1, 12, 0, 10, 0, time.UTC)

func ask() datadog.Query {
	return scope.Ask([]utilization.Workload{
		{Kind: "deployment", Namespace: "shop", Name: "item"},
		{Kind: "deployment", Namespace: "in", Name: "or"},
		{Kind: "statefulset", Namespace: "shop", Name: "queue"},
	}, now)
}

func TestTheClientsModelsUnderstandWhatIsSent(t *testing.T) {
	q := ask()
	body, err := q.Body()
	if err != nil {
		t.Fatal(err)
	}
	var request datadogV2.TimeseriesFormulaQueryRequest
	if err := client.Unmarshal(body, &request); err != nil {
		t.Fatal(err)
	}
	if unparsed, what := client.ContainsUnparsedObject(request); unparsed {
		t.Fatalf("the model does not know %v in %s", what, body)
	}
	a := request.Data.Attributes
	if a.From != q.From.UnixMilli() || a.To != q.To.UnixMilli() || a.GetInterval() != 30_000 || len(a.Formulas) != 0 || len(request.Data.AdditionalProperties) != 0 {
		t.Errorf("got %+v", request.Data)
	}
	names := map[string]bool{}
	var texts []string
	for _, one := range a.Queries {
		metrics := one.MetricsTimeseriesQuery
		if metrics == nil || !metrics.DataSource.IsValid() || names[metrics.GetName()] {
			t.Fatalf("got %+v, want a metrics query with a name of its own", one)
		}
		names[metrics.GetName()] = true
		texts = append(texts, metrics.Query)
	}
	if !slices.Equal(texts, q.Texts()) {
		t.Errorf("got %q, want %q", texts, q.Texts())
	}
}

func TestTheGrammarUnderstandsWhatIsSent(t *testing.T) {
	for i, text := range ask().Texts() {
		parsed, err := query.Parse(text)
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		tag := []string{"kube_deployment", "kube_deployment", "kube_stateful_set", "kube_stateful_set"}[i]
		if want := []query.Aggregator{query.Avg, query.Sum}[i%2]; parsed.Aggregator != want || parsed.Rollup != (query.Rollup{Method: query.Avg, Every: scope.Step}) ||
			parsed.Fill != query.FillNull || !slices.Equal(parsed.By, []string{"kube_namespace", tag, "kube_container_name"}) {
			t.Errorf("got %+v of %s", parsed, text)
		}
	}
	parsed, err := query.Parse(ask().Texts()[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		cluster, namespace, workload string
		want                         bool
	}{
		"a workload that is asked for":              {"prod-tokyo", "shop", "item", true},
		"a workload named as a word of the grammar": {"prod-tokyo", "in", "or", true},
		"another cluster":                           {"prod-osaka", "shop", "item", false},
		"another namespace":                         {"prod-tokyo", "mall", "item", false},
		"another workload":                          {"prod-tokyo", "shop", "cart", false},
	} {
		t.Run(name, func(t *testing.T) {
			tags := map[string]string{"kube_cluster_name": test.cluster, "kube_namespace": test.namespace, "kube_deployment": test.workload}
			if got := parsed.Filter.Match(func(key string) (string, bool) { return tags[key], tags[key] != "" }); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestTheClientsModelsReadTheSameFromRecordedAnswers(t *testing.T) {
	files, err := filepath.Glob("../../pkg/datadog/testdata/answers/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded answers: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var response datadogV2.TimeseriesFormulaQueryResponse
			if err := client.Unmarshal(body, &response); err != nil {
				t.Fatal(err)
			}
			if unparsed, what := client.ContainsUnparsedObject(response); unparsed {
				t.Fatalf("the model does not know %v", what)
			}
			usage, err := ask().Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			for workload, containers := range usage {
				for container, buckets := range containers {
					for _, bucket := range buckets {
						compare(t, response.Data.Attributes, workload, container, bucket)
					}
				}
			}
		})
	}
}

// compare finds a bucket in the client's model and holds it against ours.
func compare(t *testing.T, a *datadogV2.TimeseriesResponseAttributes, w utilization.Workload, container string, u utilization.Usage) {
	t.Helper()
	column := slices.Index(a.Times, u.Begin.UnixMilli())
	if column < 0 {
		t.Fatalf("no time %s", u.Begin)
	}
	var mean, sum *float64
	for i, s := range a.Series {
		tags := s.GroupTags
		if !slices.Contains(tags, "kube_namespace:"+w.Namespace) || !slices.Contains(tags, "kube_container_name:"+container) ||
			!slices.Contains(tags, scope.Tags[w.Kind]+":"+w.Name) {
			continue
		}
		if s.GetQueryIndex()%2 == 0 {
			mean = a.Values[i][column]
		} else {
			sum = a.Values[i][column]
		}
	}
	if mean == nil || sum == nil {
		t.Fatalf("%s, %s at %s: the model has no value", w, container, u.Begin)
	}
	if float64(u.Mean) != math.Round(*mean) || *mean > 0 && u.Pods != int(math.Round(*sum / *mean)) {
		t.Errorf("%s, %s at %s: got %+v, the model has %v and %v", w, container, u.Begin, u, *mean, *sum)
	}
}
