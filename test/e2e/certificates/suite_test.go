// Package certificates shows that Crest's certificate and its CA are renewed
// under its readers, with lives of a minute, and without one failed answer. The
// adapter is installed by the chart: two Pods, with the permissions and the
// Secret that everybody gets.
package certificates

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

var shared = scene.Lazy("certificates", func(ctx context.Context) (*stage.Stage, error) {
	s, err := stage.Start(ctx, stage.Options{WithoutAdapter: true, Progress: os.Stderr})
	if err != nil {
		return nil, err
	}
	if err := s.Cluster.RunPods(ctx, ""); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
})

func TestMain(m *testing.M) { os.Exit(scene.Main(m, shared)) } //nolint:forbidigo // this is the program's main

// The lives of the serving certificate and of the CA. The first is renewed
// after 38 s, the second after two minutes.
const life, caLife = "60s", "3m"

// install installs the chart, with certificates that live so shortly.
func install(t *testing.T) {
	t.Helper()
	shared.Open(t)
	if err := shared.PrepareRelease(t.Context(), stage.ReleaseNamespace); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			dump(t)
		}
		_, err := shared.Cluster.Helm(context.Background(), "uninstall", stage.ReleaseName, "--namespace", stage.ReleaseNamespace, "--wait")
		if err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	})
	helm(t, "install")
}

// helm installs or upgrades the release.
func helm(t *testing.T, command string) {
	t.Helper()
	chart, err := cluster.Chart()
	if err != nil {
		t.Fatal(err)
	}
	values := shared.Values(stage.Config{})
	values["tls"] = map[string]any{"mode": "rotate", "rotate": map[string]any{"life": life, "caLife": caLife}}
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = shared.Cluster.Helm(t.Context(), command, stage.ReleaseName, chart,
		"--namespace", stage.ReleaseNamespace, "--values", file, "--wait", "--timeout", "3m")
	if err != nil {
		t.Fatal(err)
	}
}

// dump logs what the Pods say and what the API server makes of them.
func dump(t *testing.T) {
	t.Helper()
	out, err := shared.Cluster.Kubectl(context.Background(), "get", "apiservice", apiService, "--output=yaml")
	if err != nil {
		out += err.Error()
	}
	t.Log(out)
	for _, p := range pods(context.Background(), t) {
		text, err := shared.Cluster.PodLog(p.Name, "crest")
		if err != nil {
			text = err.Error()
		}
		t.Logf("the log of %s\n%s", p.Name, text)
	}
}
