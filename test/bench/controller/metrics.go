package controller

import (
	"bytes"
	"fmt"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metrics are what a process said of itself at one moment, by name.
type metrics map[string]*dto.MetricFamily

// parse reads the text that Prometheus reads.
func parse(text []byte) (metrics, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	return families, nil
}

// sum adds up the counters, or the gauges, of a name that have these labels; 0 where there is none.
func (m metrics) sum(name string, labels map[string]string) float64 {
	sum := 0.0
	for _, series := range m.series(name, labels) {
		sum += series.GetCounter().GetValue() + series.GetGauge().GetValue()
	}
	return sum
}

// histogram adds up the histograms of a name that have these labels.
func (m metrics) histogram(name string, labels map[string]string) histogram {
	h := histogram{upTo: map[float64]float64{}}
	for _, series := range m.series(name, labels) {
		one := series.GetHistogram()
		h.count += float64(one.GetSampleCount())
		h.sum += one.GetSampleSum()
		for _, b := range one.GetBucket() {
			h.upTo[b.GetUpperBound()] += float64(b.GetCumulativeCount())
		}
	}
	return h
}

func (m metrics) series(name string, labels map[string]string) []*dto.Metric {
	var found []*dto.Metric
	for _, series := range m[name].GetMetric() {
		matching := 0
		for _, l := range series.GetLabel() {
			if want, ok := labels[l.GetName()]; ok && want == l.GetValue() {
				matching++
			}
		}
		if matching == len(labels) {
			found = append(found, series)
		}
	}
	return found
}
