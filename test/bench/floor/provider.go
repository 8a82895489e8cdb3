package main

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// constant answers every read with the same item, and discovery with the names that Crest serves.
type constant struct{}

var window int64 = 30

// item has all that an item of Crest has, so that it costs as much to encode.
var item = external_metrics.ExternalMetricValue{
	MetricName:    "max_container_cpu_utilization",
	MetricLabels:  map[string]string{"deployment": "constant", "container": "istio-proxy", "source": "floor"},
	Timestamp:     metav1.NewTime(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)),
	WindowSeconds: &window,
	Value:         *resource.NewMilliQuantity(78412, resource.DecimalSI),
}

// GetExternalMetric answers one read.
func (constant) GetExternalMetric(context.Context, string, labels.Selector, provider.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	return &external_metrics.ExternalMetricValueList{Items: []external_metrics.ExternalMetricValue{item}}, nil
}

// ListAllExternalMetrics is what discovery lists.
func (constant) ListAllExternalMetrics() []provider.ExternalMetricInfo {
	return []provider.ExternalMetricInfo{
		{Metric: "max_container_cpu_utilization"}, {Metric: "container_cpu_utilization"}, {Metric: "pod_cpu_utilization"},
	}
}
