package live

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

var shared = scene.Lazy("live", func(ctx context.Context) (*stage.Stage, error) {
	s, err := stage.Start(ctx, stage.Options{WithoutAdapter: true, Cluster: cluster.Options{Audit: true}, Progress: os.Stderr})
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

// apiService is the one that a cluster has for external metrics.
const apiService = "v1beta1.external.metrics.k8s.io"

// release is an installation of the chart.
type release struct {
	name, namespace string
	// chart is the repository's if empty.
	chart string
	// values are those of the stage, and what differs.
	values map[string]any
}

var releases atomic.Int64

// newRelease is one called crest in a namespace of its own, with the keys in it, until
// the end of the test.
func newRelease(t *testing.T) *release {
	t.Helper()
	shared.Open(t)
	r := &release{name: "crest", namespace: fmt.Sprintf("crest-%d", releases.Add(1)), values: shared.Values(stage.Config{})}
	if err := shared.PrepareRelease(t.Context(), r.namespace); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background() // that of the test has ended
		if t.Failed() {
			r.dump(ctx, t)
		}
		if _, err := shared.Cluster.Helm(ctx, "uninstall", r.name, "--namespace", r.namespace, "--ignore-not-found", "--wait"); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
		_ = shared.Cluster.Client().CoreV1().Namespaces().Delete(ctx, r.namespace, metav1.DeleteOptions{}) // the test may have deleted it
	})
	return r
}

// helm runs a command on the release, with its chart and values where the command takes them.
func (r *release) helm(t *testing.T, command string, args ...string) (string, error) {
	t.Helper()
	all := []string{command, r.name}
	if command == "install" || command == "upgrade" {
		all = append(all, r.rendered(t)...)
	}
	return shared.Cluster.Helm(t.Context(), append(append(all, "--namespace", r.namespace), args...)...)
}

// rendered are the arguments of helm that name the chart and the values.
func (r *release) rendered(t *testing.T) []string {
	t.Helper()
	chart := r.chart
	if chart == "" {
		var err error
		if chart, err = cluster.Chart(); err != nil {
			t.Fatal(err)
		}
	}
	text, err := yaml.Marshal(r.values)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{chart, "--values", file}
}

// must runs a command on the release, which succeeds.
func (r *release) must(t *testing.T, command string, args ...string) string {
	t.Helper()
	began := time.Now()
	out, err := r.helm(t, command, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1fs: helm %s %q", time.Since(began).Seconds(), command, args)
	return out
}

// install installs the release and waits until the API answers.
func (r *release) install(t *testing.T, args ...string) {
	t.Helper()
	r.must(t, "install", append(args, "--wait", "--timeout", "2m")...)
	awaitAPI(t)
}

// awaitAPI waits until the API server believes that external metrics are served.
func awaitAPI(t *testing.T) {
	t.Helper()
	if _, err := shared.Cluster.Kubectl(t.Context(), "wait", "--for=condition=Available", "--timeout=60s", "apiservice/"+apiService); err != nil {
		t.Fatal(err)
	}
}

// pods are the names of the Pods of the adapter that are not being deleted.
func (r *release) pods(ctx context.Context) ([]string, error) {
	list, err := shared.Cluster.Client().CoreV1().Pods(r.namespace).List(ctx, metav1.ListOptions{
		LabelSelector: "app.kubernetes.io/instance=" + r.name + ",app.kubernetes.io/component=adapter",
	})
	if err != nil {
		return nil, fmt.Errorf("listing the Pods of the release: %w", err)
	}
	var names []string
	for _, p := range list.Items {
		if p.DeletionTimestamp == nil {
			names = append(names, p.Name)
		}
	}
	return names, nil
}

// log is what the Pods of the release have printed.
func (r *release) log(ctx context.Context) (string, error) {
	names, err := r.pods(ctx)
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, name := range names {
		text, err := shared.Cluster.PodLog(name, "crest")
		if err != nil {
			return "", err
		}
		all.WriteString(text)
	}
	return all.String(), nil
}

// dump logs what can explain a failure.
func (r *release) dump(ctx context.Context, t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"get", "apiservice", apiService, "--output=yaml"},
		{"describe", "pods", "--namespace=" + r.namespace},
		{"get", "events", "--namespace=" + r.namespace, "--sort-by=.lastTimestamp"},
	} {
		out, err := shared.Cluster.Kubectl(ctx, args...)
		if err != nil {
			out += err.Error()
		}
		t.Logf("kubectl %s\n%s", strings.Join(args, " "), out)
	}
	text, err := r.log(ctx)
	if err != nil {
		text += err.Error()
	}
	lines := strings.Split(text, "\n")
	t.Logf("the Pods' logs end\n%s", strings.Join(lines[max(0, len(lines)-60):], "\n"))
}
