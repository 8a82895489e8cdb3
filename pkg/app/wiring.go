package app

import (
	"time"

	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/config"
	"github.com/crest-hpa/crest/pkg/datadog"
	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/inventory"
	"github.com/crest-hpa/crest/pkg/provider"
	"github.com/crest-hpa/crest/pkg/resourcemetrics"
)

const (
	// podMetricsTimeout bounds one LIST of Pod metrics.
	podMetricsTimeout = 10 * time.Second
	// podMetricsWindow is the longest window of Pod metrics that is expected:
	// metrics-server's resolution is 15 s by default, and 60 s is common.
	podMetricsWindow = 2 * time.Minute
)

// wire makes the parts, from the edges to the provider.
func (a *App) wire(keys config.Keys, cluster *rest.Config) error {
	grammar := provider.NewGrammar(selectorKeys(a.config.Workloads))
	var err error
	if a.inventory, err = inventory.New(a.inventoryOptions(grammar, cluster)); err != nil {
		return err
	}
	metricsServer, err := resourcemetrics.New(resourcemetrics.Options{
		Config: cluster, Timeout: podMetricsTimeout, Registerer: a.registry, Log: a.log.WithName("metrics-server"), Now: now,
	})
	if err != nil {
		return err
	}
	o := a.collectorOptions()
	o.MetricsServer, o.Inventory = metricsServer, a.inventory
	if a.config.Datadog.Enabled {
		if o.Datadog, err = datadog.New(a.datadogOptions(keys)); err != nil {
			return err
		}
	}
	if a.collector, err = collector.New(o); err != nil {
		return err
	}
	a.provider, err = provider.New(provider.Options{
		Grammar: grammar, Collection: collection{a.collector}, Scales: a.inventory, Registerer: a.registry, Now: now,
	})
	return err
}

func (a *App) inventoryOptions(grammar provider.Grammar, cluster *rest.Config) inventory.Options {
	kinds := make([]inventory.Kind, 0, len(a.config.Workloads))
	for _, w := range a.config.Workloads {
		kinds = append(kinds, inventory.Kind{Key: w.Key, APIVersion: w.APIVersion, Kind: w.Kind})
	}
	return inventory.Options{
		Config:     cluster,
		Kinds:      kinds,
		Metrics:    inventory.MetricNames{Max: provider.MaxContainer, Container: provider.Container, PodAverage: provider.PodAverage},
		Parse:      grammar.Parse,
		Remember:   remember(a.config),
		MaxAge:     a.config.Datadog.MaxAge.Duration,
		Registerer: a.registry,
		Log:        a.log.WithName("inventory"),
		Now:        now,
	}
}

// remember is how far back the data of a sample can reach that may be served:
// to the begin of its bucket, and an agent's look before it.
func remember(c config.AdapterConfiguration) time.Duration {
	return max(c.Datadog.MaxAge.Duration+2*c.Datadog.Interval.Duration, c.Fallback.MaxAge.Duration+podMetricsWindow)
}

func (a *App) datadogOptions(keys config.Keys) datadog.Options {
	d := a.config.Datadog
	tags := make(map[string]string, len(a.config.Workloads))
	for _, w := range a.config.Workloads {
		tags[w.Key] = w.Tag
	}
	return datadog.Options{
		Site: d.Site, URL: d.URL,
		ClusterTag: d.ClusterTag, ClusterName: d.ClusterName, UsageMetric: d.UsageMetric,
		Interval: d.Interval.Duration, Timeout: d.Timeout.Duration, MaxAge: d.MaxAge.Duration,
		MaxWorkloadsPerQuery: d.MaxWorkloadsPerQuery,
		Tags:                 tags,
		APIKeyFile:           d.APIKeyFile, AppKeyFile: d.AppKeyFile,
		APIKey: keys.API.Reveal(), AppKey: keys.Application.Reveal(),
		Registerer: a.registry,
		Log:        a.log.WithName("datadog"),
		Now:        now,
	}
}

// collectorOptions are those that come from the configuration.
func (a *App) collectorOptions() collector.Options {
	c := a.config
	return collector.Options{
		Policy: fallback.Policy{
			DatadogDisabled:     !c.Datadog.Enabled,
			DatadogMaxAge:       c.Datadog.MaxAge.Duration,
			MetricsServerMaxAge: c.Fallback.MaxAge.Duration,
			FailureThreshold:    c.Datadog.FailureThreshold,
			RecoveryThreshold:   c.Datadog.RecoveryThreshold,
			Mode:                fallback.Mode(c.Fallback.Mode),
			ScaleDown:           fallback.ScaleDown(c.Fallback.ScaleDown),
		},
		DatadogInterval:        c.Datadog.Interval.Duration,
		RetryInterval:          c.Datadog.RetryInterval.Duration,
		FallbackInterval:       c.Fallback.Interval.Duration,
		DatadogTimeout:         c.Datadog.Timeout.Duration,
		DownscaleStabilization: c.DownscaleStabilization.Duration,
		Registerer:             a.registry,
		Log:                    a.log.WithName("collector"),
		Now:                    now,
	}
}

func selectorKeys(workloads []config.Workload) []string {
	keys := make([]string, 0, len(workloads))
	for _, w := range workloads {
		keys = append(keys, w.Key)
	}
	return keys
}
