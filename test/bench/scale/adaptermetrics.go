package scale

import (
	"bytes"
	"context"
	"fmt"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metrics are the adapter's own, by name.
type metrics map[string]*dto.MetricFamily

func (s *site) metrics(ctx context.Context) (metrics, error) {
	text, err := s.direct.Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for the adapter's metrics: %w", err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("reading the adapter's metrics: %w", err)
	}
	return found, nil
}

// sum adds up the values of a metric, counter or gauge; 0 where there is none.
func (m metrics) sum(name string) float64 {
	sum := 0.0
	for _, series := range m[name].GetMetric() {
		sum += series.GetCounter().GetValue() + series.GetGauge().GetValue()
	}
	return sum
}

// settings are those of Go's runtime, as the running adapter has them.
func (s *site) settings(ctx context.Context) (string, error) {
	found, err := s.metrics(ctx)
	if err != nil {
		return "", err
	}
	limit := "no GOMEMLIMIT"
	// Without one the runtime says the largest number that there is.
	if bytes := found.sum("go_gc_gomemlimit_bytes"); bytes > 0 && bytes < 1<<62 {
		limit = "GOMEMLIMIT " + mib(bytes) + " MiB"
	}
	return fmt.Sprintf("GOGC is %.0f, with %s", found.sum("go_gc_gogc_percent"), limit), nil
}
