package reaction

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/crest-hpa/crest/test/stage"
)

// usage is the question to Datadog: the mean usage of the proxies of one workload, in nanocores.
const usage = "avg:kubernetes.cpu.usage.total{kube_cluster_name:%s AND kube_namespace:%s AND kube_deployment:%s AND kube_container_name:%s}" +
	".rollup(avg,%.0f).fill(null)"

// series is as much of Datadog's answer as is needed: one row of values.
type series struct {
	Data struct {
		Attributes struct {
			// Times are the beginnings of the buckets, in milliseconds.
			Times  []int64      `json:"times"`
			Values [][]*float64 `json:"values"`
		} `json:"attributes"`
	} `json:"data"`
}

// firstBucket is the end of the first bucket that makes an HPA act, of those that end after a jump, by what Datadog
// knows of them by now.
func (s subject) firstBucket(ctx context.Context, jumped time.Time, width time.Duration) (time.Time, error) {
	text := fmt.Sprintf(usage, stage.ClusterName, s.Namespace, s.Name, proxy, width.Seconds())
	found, err := s.site.ask(ctx, text, jumped.Add(-width), time.Now())
	if err != nil {
		return time.Time{}, fmt.Errorf("asking Datadog about the jump: %w", err)
	}
	end, ok := found.firstAbove(acts, jumped, width)
	if !ok {
		return time.Time{}, fmt.Errorf("no bucket of Datadog shows that %s/%s got hot", s.Namespace, s.Name)
	}
	return end, nil
}

// firstAbove is the end of the first bucket above so many percent, of those that end after a moment.
func (s series) firstAbove(percent float64, moment time.Time, width time.Duration) (time.Time, bool) {
	a := s.Data.Attributes
	if len(a.Values) != 1 {
		return time.Time{}, false
	}
	for i, v := range a.Values[0] {
		if i >= len(a.Times) || v == nil {
			continue
		}
		// Of 100m, so that a millicore is a percent.
		end := time.UnixMilli(a.Times[i]).Add(width)
		if end.After(moment) && *v/1e6 > percent {
			return end, true
		}
	}
	return time.Time{}, false
}

// ask asks Datadog one query about a span of time.
func (s *site) ask(ctx context.Context, query string, from, to time.Time) (series, error) {
	body, err := json.Marshal(map[string]any{"data": map[string]any{
		"type": "timeseries_request",
		"attributes": map[string]any{
			"from": from.UnixMilli(), "to": to.UnixMilli(),
			"queries": []any{map[string]any{"data_source": "metrics", "name": "usage", "query": query}},
		},
	}})
	if err != nil {
		return series{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.DatadogURL+"/api/v2/query/timeseries", bytes.NewReader(body))
	if err != nil {
		return series{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("DD-API-KEY", stage.APIKey)
	request.Header.Set("DD-APPLICATION-KEY", stage.AppKey)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return series{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return series{}, fmt.Errorf("it answered %s", answer.Status)
	}
	var found series
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return series{}, fmt.Errorf("reading its answer: %w", err)
	}
	return found, nil
}
