package datadog

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

var update = flag.Bool("update", false, "write the golden files in testdata anew")

// noon is not the moment of the question, which comes ten seconds later: the
// last bucket begins at 11:59:30 and the window at 11:56.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var (
	item  = utilization.Workload{Kind: "deployment", Namespace: "shop", Name: "item"}
	queue = utilization.Workload{Kind: "statefulset", Namespace: "shop", Name: "queue"}
)

func testScope() Scope {
	return Scope{
		ClusterTag: "kube_cluster_name", ClusterName: "prod-tokyo", UsageMetric: "kubernetes.cpu.usage.total",
		Tags: map[string]string{"deployment": "kube_deployment", "statefulset": "kube_stateful_set"},
		Step: 30 * time.Second, MaxAge: 3 * time.Minute,
	}
}

func testQuery() Query {
	return testScope().Ask([]utilization.Workload{item, queue}, noon.Add(10*time.Second))
}

func TestDecodeReadsRecordedShapes(t *testing.T) {
	files, err := filepath.Glob("testdata/answers/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded answers: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			usage, err := testQuery().Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			got, golden := render(usage), strings.TrimSuffix(file, ".json")+".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s(go test ./pkg/datadog -update writes it anew)", got, want)
			}
		})
	}
}

// render is usage as text, a line a bucket.
func render(usage Usage) string {
	var lines []string
	for workload, containers := range usage {
		for container, buckets := range containers {
			for i, u := range buckets {
				lines = append(lines, fmt.Sprintf("%s, %s #%d: %s to %s, mean %d of %d\n", workload, container, i,
					u.Begin.Format(time.TimeOnly), u.End.Format(time.TimeOnly), u.Mean, u.Pods))
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// shaped is the body of an answer about the container app of item whose
// attributes are these, with the two series that it takes.
func shaped(times, values string) string {
	return `{"data":{"type":"timeseries_response","attributes":{"series":[` + meanOfApp + `,` + sumOfApp + `],"times":` + times + `,"values":` + values + `}}}`
}

const (
	meanOfApp = `{"group_tags":["kube_namespace:shop","kube_deployment:item","kube_container_name:app"],"query_index":0}`
	sumOfApp  = `{"group_tags":["kube_namespace:shop","kube_deployment:item","kube_container_name:app"],"query_index":1}`
)

func TestDecodeBelievesNothingThatIsOutOfShape(t *testing.T) {
	good := shaped(`[1772366340000,1772366370000]`, `[[5,6],[10,12]]`)
	if _, err := testQuery().Decode([]byte(good)); err != nil {
		t.Fatalf("the answer that the cases spoil is itself bad: %v", err)
	}
	spoil := func(what, with string) string {
		if !strings.Contains(good, what) {
			t.Fatalf("%q is not in the answer", what)
		}
		return strings.Replace(good, what, with, 1)
	}
	for name, test := range map[string]struct {
		body string
		code Code
		says string
	}{
		"an empty body":                        {"", CodeUndecodable, "it is empty"},
		"an HTML page":                         {"\n<!DOCTYPE html><html>", CodeUndecodable, "a page of HTML"},
		"a body that is cut off":               {good[:len(good)-9], CodeUndecodable, "cut off"},
		"something after the end":              {good + "}", CodeUndecodable, "invalid character"},
		"NaN for a value":                      {spoil("[5,", "[NaN,"), CodeUndecodable, "invalid character"},
		"numbers as strings":                   {spoil("[5,6]", `["5","6"]`), CodeUndecodable, "a value is"},
		"times as strings":                     {spoil("[1772366340000,", `["1772366340000",`), CodeUndecodable, "times is a string"},
		"a list instead of an object":          {"[]", CodeUndecodable, "array"},
		"null":                                 {"null", CodeUndecodable, "no data"},
		"data: null":                           {`{"data":null}`, CodeUndecodable, "no data"},
		"no attributes":                        {`{"data":{"type":"timeseries_response"}}`, CodeUndecodable, "no data"},
		"errors as a string, without data":     {`{"errors":"query timed out"}`, CodeRejected, "query timed out"},
		"errors as a string, with data":        {spoil(`{"data"`, `{"errors":"partial result","data"`), CodeRejected, "partial result"},
		"errors as a list":                     {`{"errors":["one","two"]}`, CodeRejected, "one; two"},
		"errors as a list of objects":          {`{"errors":[{"title":"Bad","detail":"too many groups"}]}`, CodeRejected, "too many groups"},
		"errors as a number":                   {`{"errors":7}`, CodeRejected, "7"},
		"more rows than series":                {spoil("[10,12]]", "[10,12],[1,1]]"), CodeUndecodable, "3 rows of values for 2 series"},
		"fewer rows than series":               {spoil("[[5,6],[10,12]]", "[[5,6]]"), CodeUndecodable, "1 rows of values for 2 series"},
		"values: null":                         {spoil("[[5,6],[10,12]]", "null"), CodeUndecodable, "0 rows of values for 2 series"},
		"a row longer than the times":          {spoil("[5,6]", "[5,6,7]"), CodeUndecodable, "3 values for 2 times"},
		"a row shorter than the times":         {spoil("[5,6]", "[5]"), CodeUndecodable, "1 values for 2 times"},
		"a row that is null":                   {spoil("[5,6]", "null"), CodeUndecodable, "instead of a bracket"},
		"a row that is an object":              {spoil("[5,6]", `{"a":[5,6]}`), CodeUndecodable, "instead of a bracket"},
		"a row of rows":                        {spoil("[5,6]", "[[5],[6]]"), CodeUndecodable, "instead of a number"},
		"a number beyond all numbers":          {spoil("[5,6]", "[1e999,6]"), CodeUndecodable, "out of range"},
		"a series without its query":           {spoil(`,"query_index":1`, ""), CodeUndecodable, "which of the 4 queries"},
		"a series of a query that is not ours": {spoil(`"query_index":1`, `"query_index":4`), CodeUndecodable, "which of the 4 queries"},
		"a negative query":                     {spoil(`"query_index":1`, `"query_index":-1`), CodeUndecodable, "which of the 4 queries"},
		"a group that is there twice":          {spoil(`"query_index":1`, `"query_index":0`), CodeUndecodable, `two series for the avg of container "app"`},
		"a time that is there twice":           {spoil("1772366340000", "1772366370000"), CodeUndecodable, "there twice"},
		"times in seconds":                     {spoil("[1772366340000,1772366370000]", "[1772366340,1772366370]"), CodeUndecodable, "not in milliseconds"},
		"times in microseconds":                {spoil("[1772366340000,", "[1772366340000000,"), CodeUndecodable, "not in milliseconds"},
		"a time between two buckets":           {spoil("1772366340000", "1772366341000"), CodeUndecodable, "does not begin a bucket of 30s"},
		"buckets of twice the width":           {shaped("[1772366220000,1772366280000,1772366340000]", "[[5,6,7],[10,12,14]]"), CodeInterval, "in buckets of 1m0s instead of 30s"},
		"no series at all":                     {`{"data":{"attributes":{"series":[],"times":[],"values":[]}}}`, CodeEmpty, `kube_cluster_name="prod-tokyo"`},
		"series of others only":                {strings.ReplaceAll(good, "shop", "mall"), CodeEmpty, "is datadog.clusterName right"},
		"a mean without its sum":               {strings.Replace(good, `"query_index":1`, `"query_index":3`, 1), CodeEmpty, "no usable value"},
		"nothing but nulls":                    {spoil("[[5,6],[10,12]]", "[[null,null],[null,null]]"), CodeEmpty, "no usable value"},
		"data that stopped":                    {shaped("[1772366070000,1772366100000]", "[[5,6],[10,12]]"), CodeEmpty, "2026-03-01T11:55:00Z"},
		"data of the future only":              {shaped("[1772366400000,1772366430000]", "[[5,6],[10,12]]"), CodeEmpty, "is a clock wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			usage, err := testQuery().Decode([]byte(test.body))
			failure := (*Error)(nil)
			if !errors.As(err, &failure) {
				t.Fatalf("got %v and the error %v, want an Error", usage, err)
			}
			if failure.Code != test.code || !strings.Contains(failure.Text, test.says) {
				t.Errorf("got %s: %s; want %s with %q", failure.Code, failure.Text, test.code, test.says)
			}
		})
	}
}

func TestDecodeLeavesOutTheBucketThatHasNotEnded(t *testing.T) {
	usage, err := testQuery().Decode([]byte(shaped("[1772366370000,1772366400000]", "[[5,6],[10,12]]")))
	if err != nil {
		t.Fatal(err)
	}
	buckets := usage[item]["app"]
	if len(buckets) != 1 || !buckets[0].End.Equal(noon) {
		t.Errorf("got %v, want the bucket that ended at noon alone", buckets)
	}
}

func TestTwoTimesDoNotTellHowWideTheBucketsAre(t *testing.T) {
	usage, err := testQuery().Decode([]byte(shaped("[1772366280000,1772366340000]", "[[5,6],[10,12]]")))
	if err != nil || len(usage[item]["app"]) != 2 {
		t.Errorf("got %v and %v, want the two buckets of a workload that reports now and then", usage, err)
	}
}

func TestDecodeDoesNotRepeatAKey(t *testing.T) {
	_, err := testQuery().Decode([]byte(`{"errors":"key 0123456789abcdef is not valid"}`), "0123456789abcdef")
	if err == nil || strings.Contains(err.Error(), "0123456789abcdef") || !strings.Contains(err.Error(), "is not valid") {
		t.Errorf("got %v", err)
	}
}

// FuzzDecode holds that no body makes the decoder panic or say what it must
// not: usage is of workloads that were asked about, in ended buckets of the
// asked width, oldest first, positive and of at least one Pod.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(shaped("[1772366340000,1772366370000]", "[[5,6],[10,12]]")))
	f.Add([]byte(`{"errors":["x"]}`))
	files, err := filepath.Glob("testdata/answers/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	q := testQuery()
	f.Fuzz(func(t *testing.T, body []byte) {
		usage, err := q.Decode(body)
		if failure := (*Error)(nil); err != nil && (!errors.As(err, &failure) || usage != nil) {
			t.Fatalf("got %v and %v", usage, err)
		}
		if err == nil && (len(usage) == 0 || !json.Valid(body)) {
			t.Fatalf("neither usage nor an error, or from no JSON: %v", usage)
		}
		for workload, containers := range usage {
			if workload != item && workload != queue || len(containers) == 0 {
				t.Fatalf("%s: %v", workload, containers)
			}
			for buckets := range maps.Values(containers) {
				checkBuckets(t, q, buckets)
			}
		}
	})
}

func checkBuckets(t *testing.T, q Query, buckets []utilization.Usage) {
	t.Helper()
	before := q.From
	for _, u := range buckets {
		if u.Begin.Before(before) || u.End.After(q.To) || u.Window() != q.scope.Step || u.Mean < 0 || u.Pods < 1 {
			t.Fatalf("%+v in %v", u, buckets)
		}
		before = u.End
	}
	if len(buckets) == 0 {
		t.Fatal("a container without a bucket")
	}
}
