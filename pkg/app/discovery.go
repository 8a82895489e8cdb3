package app

import (
	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
	libprovider "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// addAggregatedDiscovery lists the metrics in the aggregated form of
// discovery. The library fills only the legacy form, and the aggregator would
// cache the empty answer.
func addAggregatedDiscovery(s *genericapiserver.GenericAPIServer, p libprovider.ExternalMetricsProvider) {
	metrics := libprovider.NewExternalMetricResourceLister(p).ListAPIResources()
	resources := make([]apidiscoveryv2.APIResourceDiscovery, 0, len(metrics))
	for _, m := range metrics {
		resources = append(resources, apidiscoveryv2.APIResourceDiscovery{
			Resource:     m.Name,
			ResponseKind: &metav1.GroupVersionKind{Group: v1beta1.GroupName, Version: v1beta1.SchemeGroupVersion.Version, Kind: m.Kind},
			Scope:        apidiscoveryv2.ScopeNamespace,
			Verbs:        m.Verbs,
		})
	}
	s.AggregatedDiscoveryGroupManager.AddGroupVersion(v1beta1.GroupName, apidiscoveryv2.APIVersionDiscovery{
		Version:   v1beta1.SchemeGroupVersion.Version,
		Resources: resources,
		Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent,
	})
}
