package apptest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Datadog answers for the same workloads as a Cluster, for every bucket alike,
// whatever the filter of the question is.
type Datadog struct {
	// URL is its base URL.
	URL string

	cluster *Cluster
}

// NewDatadog starts it; it ends with the test.
func NewDatadog(t testing.TB, cluster *Cluster) *Datadog {
	t.Helper()
	d := &Datadog{cluster: cluster}
	server := httptest.NewServer(http.HandlerFunc(d.answer))
	t.Cleanup(server.Close)
	d.URL = server.URL
	return d
}

// question is what is read of a request: one aggregation a query.
type question struct {
	Data struct {
		Attributes struct {
			From, To, Interval int64
			Queries            []struct{ Query string }
		}
	}
}

type series struct {
	GroupTags  []string `json:"group_tags"`
	QueryIndex int      `json:"query_index"`
}

func (d *Datadog) answer(w http.ResponseWriter, r *http.Request) {
	var q question
	if !decode(w, r, &q) {
		return
	}
	a := q.Data.Attributes
	times := []int64{}
	for at := a.From; at < a.To && a.Interval > 0; at += a.Interval {
		times = append(times, at)
	}
	found, values := []series{}, [][]float64{}
	for index, query := range a.Queries {
		of := 1.0 // a mean over Pods that are all alike
		if strings.HasPrefix(query.Query, "sum:") {
			of = replicas
		}
		for _, workload := range d.cluster.workloads {
			for _, c := range workload.Containers {
				found = append(found, series{QueryIndex: index, GroupTags: []string{
					"kube_namespace:" + Namespace, "kube_deployment:" + workload.Name, "kube_container_name:" + c.Name,
				}})
				values = append(values, same(of*nanocores(c.Usage), len(times)))
			}
		}
	}
	w.Header().Set("Content-Type", "application/vnd.api+json")
	w.Header().Set("Date", d.cluster.now().UTC().Format(http.TimeFormat))
	_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{ // the client has gone
		"type":       "timeseries_response",
		"attributes": map[string]any{"series": found, "times": times, "values": values},
	}})
}

func same(value float64, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = value
	}
	return values
}

func nanocores(usage string) float64 {
	q := resource.MustParse(usage)
	return float64(q.ScaledValue(resource.Nano))
}
