package stage

import (
	"fmt"
	"maps"

	"sigs.k8s.io/yaml"
)

// Config is the adapter's configuration file as nested maps: what differs
// from the fast one. Default, if set, makes it differ from the adapter's own
// defaults instead.
type Config struct {
	Default   bool
	Datadog   map[string]any
	Fallback  map[string]any
	Top       map[string]any
	Workloads []map[string]any
}

// fast scales the intervals down to a second. metrics-server reports a Pod
// every 2 s here, about windows of as much, so its samples may be older in
// relation than Datadog's.
var fast = Config{
	Datadog: map[string]any{
		"interval": "1s", "retryInterval": "1s", "timeout": "1s", "maxAge": "10s",
	},
	Fallback: map[string]any{"interval": "1s", "maxAge": "15s"},
	Top:      map[string]any{"shutdownDelay": "1s", "downscaleStabilization": "10s"},
}

// With is the configuration with more keys of its fallback section.
func (c Config) With(fallback map[string]any) Config {
	c.Fallback = merged(c.Fallback, fallback)
	return c
}

// YAML is the configuration file for a simulator at this URL.
func (c Config) YAML(datadogURL string) (string, error) {
	head := map[string]any{"apiVersion": "crest/v1alpha1", "kind": "AdapterConfiguration"}
	file := merged(head, c.sections(datadogURL))
	file["datadog"] = merged(map[string]any{"clusterName": ClusterName}, section(file, "datadog"))
	text, err := yaml.Marshal(file)
	if err != nil {
		return "", fmt.Errorf("writing the adapter's configuration: %w", err)
	}
	return string(text), nil
}

// sections are what differs from the adapter's defaults.
func (c Config) sections(datadogURL string) map[string]any {
	base := fast
	if c.Default {
		base = Config{}
	}
	all := merged(base.Top, c.Top)
	all["datadog"] = merged(map[string]any{"url": datadogURL}, base.Datadog, c.Datadog)
	all["fallback"] = merged(base.Fallback, c.Fallback)
	if c.Workloads != nil {
		all["workloads"] = c.Workloads
	}
	return all
}

// section is a map in a map; nil if it is not there.
func section(file map[string]any, name string) map[string]any {
	found, _ := file[name].(map[string]any)
	return found
}

// merged is one map of all; the later wins.
func merged(all ...map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}
