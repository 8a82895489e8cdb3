package soak

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/crest-hpa/crest/test/stage"
)

// scraper reads the adapter's metrics as Prometheus does.
type scraper struct {
	client *http.Client
	url    string
}

// scraperAccount may read /metrics and nothing else.
const scraperAccount = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: scraper, namespace: %[1]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: scraper}
rules:
- {nonResourceURLs: [/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: scraper}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: scraper}
subjects: [{kind: ServiceAccount, namespace: %[1]s, name: scraper}]
`

func newScraper(ctx context.Context, s *stage.Stage, namespace string) (*scraper, error) {
	if err := s.Cluster.Apply(ctx, fmt.Appendf(nil, scraperAccount, namespace)); err != nil {
		return nil, err
	}
	token, err := s.Cluster.TokenFor(ctx, namespace, "scraper")
	if err != nil {
		return nil, err
	}
	client, err := s.Adapter.HTTPClient(token)
	if err != nil {
		return nil, err
	}
	client.Timeout = 5 * time.Second
	return &scraper{client: client, url: s.Adapter.BaseURL() + "/metrics"}, nil
}

// scrape asks once.
func (s *scraper) scrape(ctx context.Context) (Scrape, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return Scrape{}, fmt.Errorf("asking for the adapter's metrics: %w", err)
	}
	at := time.Now()
	response, err := s.client.Do(request)
	if err != nil {
		return Scrape{}, fmt.Errorf("asking for the adapter's metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return Scrape{}, fmt.Errorf("asking for the adapter's metrics: %s", response.Status)
	}
	return parseScrape(response.Body, at)
}

// slow is the bound of the histogram's bucket that an answer must fall into.
const slow = 0.1 // seconds

// parseScrape reads the text that Prometheus reads.
func parseScrape(text io.Reader, at time.Time) (Scrape, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return Scrape{}, fmt.Errorf("reading the adapter's metrics: %w", err)
	}
	for _, name := range []string{"process_start_time_seconds", "go_goroutines", "process_resident_memory_bytes"} {
		if families[name] == nil {
			return Scrape{}, fmt.Errorf("reading the adapter's metrics: there is no %s", name)
		}
	}
	s := Scrape{
		At:         at,
		Process:    families["process_start_time_seconds"].GetMetric()[0].GetGauge().GetValue(),
		Goroutines: int(families["go_goroutines"].GetMetric()[0].GetGauge().GetValue()),
		Memory:     int64(families["process_resident_memory_bytes"].GetMetric()[0].GetGauge().GetValue()),
	}
	for _, m := range families["crest_datadog_requests_total"].GetMetric() {
		s.Calls += int(m.GetCounter().GetValue())
	}
	for _, m := range families["crest_answer_duration_seconds"].GetMetric() {
		all, fast := counts(m.GetHistogram())
		s.Answers, s.Slow = s.Answers+all, s.Slow+all-fast
	}
	return s, nil
}

// counts is how many observations there are, and how many were not slow.
func counts(h *dto.Histogram) (all, fast int) {
	for _, b := range h.GetBucket() {
		if b.GetUpperBound() <= slow {
			fast = int(b.GetCumulativeCount())
		}
	}
	return int(h.GetSampleCount()), fast
}
