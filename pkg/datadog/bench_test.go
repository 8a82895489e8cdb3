package datadog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// largeAnswer is the answer about workloads of two containers each, that is,
// four series of eight buckets a workload, and the query that it answers.
func largeAnswer(workloads int) (Query, []byte) {
	const containers = 2
	var asked []utilization.Workload
	var series, values strings.Builder
	for i := range workloads {
		w := utilization.Workload{Kind: "deployment", Namespace: fmt.Sprintf("team-%03d", i%150), Name: fmt.Sprintf("workload-%05d", i)}
		asked = append(asked, w)
		for c := range containers {
			for which := range queriesOfKind {
				fmt.Fprintf(&series, `,{"group_tags":["kube_container_name:container-%d","kube_deployment:%s","kube_namespace:%s"],"query_index":%d,`+
					`"unit":[{"family":"cpu","id":122,"name":"nanocore","plural":"nanocores","scale_factor":1e-9,"short_name":"ncores"},null]}`, c, w.Name, w.Namespace, which)
				values.WriteString(",[")
				for bucket := range 8 {
					fmt.Fprintf(&values, "%.4f,", float64(which*7+1)*(1e7+float64(i*17+bucket)/3))
				}
				values.WriteString("null]")
			}
		}
	}
	q := testScope().Ask(asked, noon)
	times := make([]string, 0, 9)
	for t := q.From; !t.After(q.To); t = t.Add(q.scope.Step) {
		times = append(times, fmt.Sprint(t.UnixMilli()))
	}
	return q, fmt.Appendf(nil, `{"data":{"type":"timeseries_response","attributes":{"series":[%s],"times":[%s],"values":[%s]}}}`,
		series.String()[1:], strings.Join(times, ","), values.String()[1:])
}

// plainAnswer is the plainest of structs for an answer.
type plainAnswer struct {
	Data struct {
		Attributes struct {
			Series []struct {
				GroupTags  []string `json:"group_tags"`
				QueryIndex int      `json:"query_index"`
			} `json:"series"`
			Times  []int64      `json:"times"`
			Values [][]*float64 `json:"values"`
		} `json:"attributes"`
	} `json:"data"`
}

// BenchmarkDecode compares what Decode takes, with all that it checks and
// builds, with encoding/json alone.
func BenchmarkDecode(b *testing.B) {
	q, body := largeAnswer(7_500)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if usage, err := q.Decode(body); err != nil || len(usage) != 7_500 {
				b.Fatalf("%d workloads, %v", len(usage), err)
			}
		}
	})
	b.Run("plain encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var plain plainAnswer
			if err := json.Unmarshal(body, &plain); err != nil || len(plain.Data.Attributes.Series) != 30_000 {
				b.Fatalf("%d series, %v", len(plain.Data.Attributes.Series), err)
			}
		}
	})
}
