package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/crest-hpa/crest/test/cluster"
)

// The release of the chart.
const (
	ReleaseName      = "crest"
	ReleaseNamespace = "crest-system"
)

// releaseLogs are the log files of the release's Pods, as a pattern.
const releaseLogs = ReleaseName + "-*.crest.log"

// KeysSecret is the Secret with the keys that the simulator wants.
const KeysSecret = "crest-datadog"

// servicePort is the port of the chart's Service: one on which a process may
// listen that is not root's.
const servicePort = 8443

// Values are those of the chart for this configuration on this stage. Beside it,
// they are what a user sets, and the addresses: every Pod of this machine has one
// of its own.
func (s *Stage) Values(c Config) map[string]any {
	return map[string]any{
		"datadog":     map[string]any{"clusterName": ClusterName, "existingSecret": KeysSecret},
		"config":      c.sections(s.DatadogURL),
		"bindAddress": "$(POD_IP)",
		"service":     map[string]any{"port": servicePort},
	}
}

// PrepareRelease makes a namespace that admits restricted Pods alone, and the
// keys in it, as a user does before helm install.
func (s *Stage) PrepareRelease(ctx context.Context, namespace string) error {
	return s.Cluster.Apply(ctx, fmt.Appendf(nil, `
apiVersion: v1
kind: Namespace
metadata:
  name: %[1]s
  labels: {pod-security.kubernetes.io/enforce: restricted}
---
apiVersion: v1
kind: Secret
metadata: {name: %[2]s, namespace: %[1]s}
stringData: {api-key: %[3]s, app-key: %[4]s}
`, namespace, KeysSecret, APIKey, AppKey))
}

// InstallChart installs the adapter as users do: with helm and the repository's
// chart. Its Pods run as processes, under all that the chart rendered for them.
func (s *Stage) InstallChart(ctx context.Context, c Config) error {
	if err := s.Cluster.RunPods(ctx, ""); err != nil {
		return err
	}
	if err := s.PrepareRelease(ctx, ReleaseNamespace); err != nil {
		return err
	}
	chart, err := cluster.Chart()
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(s.Values(c))
	if err != nil {
		return fmt.Errorf("writing the values of the chart: %w", err)
	}
	values := filepath.Join(s.Cluster.Dir(), "values.yaml")
	if err := os.WriteFile(values, text, 0o600); err != nil {
		return fmt.Errorf("writing the values of the chart: %w", err)
	}
	began := time.Now()
	_, err = s.Cluster.Helm(ctx, "install", ReleaseName, chart, "--namespace", ReleaseNamespace,
		"--values", values, "--wait", "--timeout", "3m")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.options.Progress, "helm: installed charts/crest as %s in %.1fs\n", ReleaseName, time.Since(began).Seconds())
	return err
}

// ReleaseLogs are the log files of the adapter's Pods, by the Pods' names.
func (s *Stage) ReleaseLogs() (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(s.Cluster.Logs(), releaseLogs))
	if err != nil {
		return nil, fmt.Errorf("looking for the logs of the Pods: %w", err)
	}
	logs := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the log of a Pod: %w", err)
		}
		pod, _, _ := strings.Cut(filepath.Base(file), ".")
		logs[pod] = string(text)
	}
	return logs, nil
}
