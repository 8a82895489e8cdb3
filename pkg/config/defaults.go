package config

import "time"

// DefaultSite is the Datadog site when neither the file nor DD_SITE names one.
const DefaultSite = "datadoghq.com"

// Default is the configuration of an empty file. What has no default is empty:
// datadog.clusterName, which a file must set, and datadog.site, which
// ApplyEnvironment settles.
func Default() AdapterConfiguration {
	c := defaults()
	c.APIVersion, c.Kind = APIVersion, Kind
	c.complete()
	return c
}

// defaults are those that no other key decides.
func defaults() AdapterConfiguration {
	return AdapterConfiguration{
		Datadog: Datadog{
			Enabled:              true,
			ClusterTag:           "kube_cluster_name",
			UsageMetric:          "kubernetes.cpu.usage.total",
			Interval:             Duration{30 * time.Second},
			RetryInterval:        Duration{10 * time.Second},
			Timeout:              Duration{10 * time.Second},
			MaxAge:               Duration{3 * time.Minute},
			FailureThreshold:     2,
			RecoveryThreshold:    2,
			MaxWorkloadsPerQuery: 1000,
		},
		ShutdownDelay:          Duration{10 * time.Second},
		DownscaleStabilization: Duration{5 * time.Minute},
		Fallback: Fallback{
			ScaleDown: ScaleDownAuto,
			Interval:  Duration{15 * time.Second},
			MaxAge:    Duration{90 * time.Second},
		},
		Workloads: []Workload{
			{Key: "deployment", APIVersion: "apps/v1", Kind: "Deployment", Tag: "kube_deployment"},
			{Key: "statefulset", APIVersion: "apps/v1", Kind: "StatefulSet", Tag: "kube_stateful_set"},
			{Key: "rollout", APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Tag: "kube_argo_rollout"},
		},
		Certificate: Certificate{
			Secret:     "crest-certificate",
			Service:    "crest",
			APIService: "v1beta1.external.metrics.k8s.io",
			Life:       Duration{90 * 24 * time.Hour},
			CALife:     Duration{5 * 365 * 24 * time.Hour},
		},
	}
}

// complete settles what depends on other keys: without Datadog there is no
// maximum but metrics-server's, and to serve less than that must be asked for.
func (c *AdapterConfiguration) complete() {
	if c.Fallback.Mode != "" {
		return
	}
	c.Fallback.Mode = PodAverage
	if !c.Datadog.Enabled {
		c.Fallback.Mode = MaxContainer
	}
}
