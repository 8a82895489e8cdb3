package provider

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// Options are what a Provider is made of. All of them are needed.
type Options struct {
	Grammar    Grammar
	Collection Collection
	Scales     Scales
	Registerer prometheus.Registerer
	// Now is the clock.
	Now func() time.Time
}

// Provider answers reads of external metrics. Its reads may run side by side;
// they take no lock and log nothing.
type Provider struct{ answers answerer }

var _ provider.ExternalMetricsProvider = &Provider{}

// New makes a Provider.
func New(o Options) (*Provider, error) {
	if o.Collection == nil || o.Scales == nil || o.Registerer == nil || o.Now == nil || len(o.Grammar.keys) == 0 {
		return nil, errors.New("provider: a grammar, a collection, scales, a registerer and a clock are needed")
	}
	answers, err := instrument(&reader{grammar: o.Grammar, collection: o.Collection, scales: o.Scales, now: o.Now}, o.Registerer, o.Now)
	if err != nil {
		return nil, err
	}
	return &Provider{answers: answers}, nil
}

// GetExternalMetric answers one read. Every error is an *apierrors.StatusError:
// 400, 404, 422 or 503.
func (p *Provider) GetExternalMetric(ctx context.Context, namespace string, selector labels.Selector, info provider.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	r, err := p.answers.answer(ctx, question{metric: info.Metric, namespace: namespace, selector: selector})
	if err != nil {
		return nil, apiError(info.Metric, err)
	}
	return list(info.Metric, r), nil
}

// ListAllExternalMetrics is what discovery lists.
func (p *Provider) ListAllExternalMetrics() []provider.ExternalMetricInfo {
	names := Metrics()
	infos := make([]provider.ExternalMetricInfo, len(names))
	for i, name := range names {
		infos[i] = provider.ExternalMetricInfo{Metric: name}
	}
	return infos
}
