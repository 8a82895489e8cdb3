package scene

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/kubernetes"
)

// Metrics are the adapter's own, by name.
type Metrics map[string]*dto.MetricFamily

// Metrics reads those of the adapter that is registered, as an administrator.
func (s *Scene) Metrics(t *testing.T) Metrics {
	t.Helper()
	families, err := s.scrape(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func (s *Scene) scrape(ctx context.Context) (Metrics, error) {
	client, err := kubernetes.NewForConfig(s.AdminConfig(s.Adapter))
	if err != nil {
		return nil, fmt.Errorf("making a client of the adapter: %w", err)
	}
	text, err := client.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for the adapter's metrics: %w", err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("reading the adapter's metrics: %w", err)
	}
	return families, nil
}

// Sum adds a counter up over all series that have these labels.
func (m Metrics) Sum(name string, labels map[string]string) float64 {
	sum := 0.0
	for _, series := range m[name].GetMetric() {
		matching := 0
		for _, l := range series.GetLabel() {
			if want, ok := labels[l.GetName()]; ok && want == l.GetValue() {
				matching++
			}
		}
		if matching == len(labels) {
			sum += series.GetCounter().GetValue()
		}
	}
	return sum
}
