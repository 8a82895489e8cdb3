package app

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	handlersmetrics "k8s.io/apiserver/pkg/endpoints/handlers/metrics"
	apimetrics "k8s.io/apiserver/pkg/endpoints/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
	_ "k8s.io/component-base/metrics/prometheus/restclient" // requests to the Kubernetes API server
	_ "k8s.io/component-base/metrics/prometheus/workqueue"  // the queues of the informers
	libmetrics "sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver/metrics"
)

// registerLibraryMetrics registers what the API server library measures. It
// does so in the registry of the process, which takes each metric once, while
// the process may hold several Apps.
var registerLibraryMetrics = sync.OnceValue(func() error {
	apimetrics.Register()
	handlersmetrics.Register()
	if err := libmetrics.RegisterMetrics(legacyregistry.Register); err != nil {
		return fmt.Errorf("registering the metrics of the API server: %w", err)
	}
	return nil
})

// metricsHandler serves the metrics of the library and those of this App.
func metricsHandler(own prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(prometheus.Gatherers{legacyregistry.DefaultGatherer, own}, promhttp.HandlerOpts{})
}

// newRegistry is the registry of one App, which says who it is.
func newRegistry(version string) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "crest_build_info",
		Help:        "Always 1; its label is the version of the adapter.",
		ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 }))
	return registry
}
