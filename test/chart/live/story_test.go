package live

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// readerPause makes 20 requests a second.
const readerPause = 50 * time.Millisecond

func TestAReleaseServesFromItsInstallationThroughItsUpgradesToItsEnd(t *testing.T) {
	r := newRelease(t)
	// As long as by default: the Pods that are replaced serve on for so long.
	r.values = shared.Values(stage.Config{Top: map[string]any{"shutdownDelay": "10s"}})
	r.chart = anotherVersion(t, "0.0.1")
	r.install(t)
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 2}
	shared.Serve(t, w, scene.Busy{"istio-proxy": 70, "app": 36})
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 10})
	shared.SetLoad(t, w, 4)
	shared.AwaitReplicas(t, w, 4, 4)
	r.must(t, "test")
	shared.AwaitGrown(t, w)

	certificate := r.certificate(t)
	began := time.Now()
	reader := scene.Watch(t, readerPause, shared.Maximum(w))
	r.chart = ""
	replaced(t, r, func() { r.must(t, "upgrade", "--wait", "--timeout", "2m") })
	r.values["config"].(map[string]any)["fallback"].(map[string]any)["mode"] = "MaxContainer"
	replaced(t, r, func() { r.must(t, "upgrade", "--wait", "--timeout", "2m") })
	if text, err := r.log(t.Context()); err != nil || strings.Count(text, `fallback="MaxContainer"`) != 2 {
		t.Errorf("the Pods do not say that they have the new values (%v):\n%s", err, text)
	}
	cannotStart(t, r)
	replaced(t, r, func() { r.must(t, "rollback", "1", "--wait", "--timeout", "2m") })
	awaitAPI(t)
	reader.Stop()
	noneFailed(t, reader, time.Since(began))
	if r.certificate(t) != certificate {
		t.Error("an upgrade or the rollback has touched the certificate, which is Crest's")
	}
	shared.KeepsReplicas(t, w, 4)

	refused(t, r)
	r.must(t, "uninstall", "--wait", "--timeout", "2m")
	nothingIsLeft(t, r)
	deletable(t, r.namespace)
	deletable(t, w.Namespace)
}

// certificate is what is in the Secret with Crest's certificates, and the CA of the APIService.
func (r *release) certificate(t *testing.T) string {
	t.Helper()
	secret, err := shared.Cluster.Kubectl(t.Context(), "get", "secret", r.name+"-certificate", "--namespace="+r.namespace, "--output=jsonpath={.data}")
	if err != nil {
		t.Fatal(err)
	}
	ca, err := shared.Cluster.Kubectl(t.Context(), "get", "apiservice", apiService, "--output=jsonpath={.spec.caBundle}")
	if err != nil {
		t.Fatal(err)
	}
	if len(secret) < 100 || len(ca) < 100 {
		t.Fatalf("there is no certificate: %d and %d bytes", len(secret), len(ca))
	}
	return secret + ca
}

// anotherVersion is a copy of the chart with another version.
func anotherVersion(t *testing.T, version string) string {
	t.Helper()
	chart, err := cluster.Chart()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "crest")
	if err := os.CopyFS(dir, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "Chart.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^version: .*$`).ReplaceAll(text, []byte("version: "+version))
	text = regexp.MustCompile(`(?m)^appVersion: .*$`).ReplaceAll(text, []byte("appVersion: v"+version))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// replaced runs a command that is to replace both Pods, and waits until the old ones are gone.
func replaced(t *testing.T, r *release, command func()) {
	t.Helper()
	before, err := r.pods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	command()
	after, err := r.pods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != 2 || slices.ContainsFunc(after, func(name string) bool { return slices.Contains(before, name) }) {
		t.Errorf("the Pods were %q and are %q, want two others", before, after)
	}
	scene.Eventually(t, "the Pods that were replaced are gone", func() error {
		for _, name := range before {
			if _, err := shared.Cluster.Client().CoreV1().Pods(r.namespace).Get(t.Context(), name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				return fmt.Errorf("asking for the Pod %s: %w", name, err)
			}
		}
		return nil
	})
}

// cannotStart upgrades to what cannot start, for want of the Secret with the keys: the Pods
// that there are stay.
func cannotStart(t *testing.T, r *release) {
	t.Helper()
	before, err := r.pods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.helm(t, "upgrade", "--set", "datadog.existingSecret=not-there", "--wait", "--timeout", "10s"); err == nil {
		t.Error("an upgrade without its Secret succeeded")
	}
	after, err := r.pods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != 3 || slices.ContainsFunc(before, func(name string) bool { return !slices.Contains(after, name) }) {
		t.Errorf("the Pods were %q and are %q, want the same and one that does not start", before, after)
	}
}

// noneFailed reports what a reader got in a span, and that all of it were values.
func noneFailed(t *testing.T, reader *stage.Watch, span time.Duration) {
	t.Helper()
	answers := reader.Answers()
	took := make([]time.Duration, 0, len(answers))
	for _, a := range answers {
		took = append(took, a.Took)
	}
	slices.Sort(took)
	failed := reader.Failed()
	t.Logf("%d answers in %.0f s, %d failed; half within %s, the slowest after %s",
		len(answers), span.Seconds(), len(failed), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	if least := int(span / readerPause / 2); len(answers) < least {
		t.Errorf("the reader got %d answers, want at least %d: it was not asking 20 times a second", len(answers), least)
	}
	for i, a := range failed {
		if i == 5 {
			t.Errorf("and so on, %d in all", len(failed))
			break
		}
		t.Errorf("at %s: %s", a.At.Format("15:04:05.000"), a)
	}
}

// refused tries a second release, in another namespace.
func refused(t *testing.T, first *release) {
	t.Helper()
	second := newRelease(t)
	second.name = "second"
	_, err := second.helm(t, "install")
	if err == nil {
		t.Fatal("there are two releases that register the same API")
	}
	err = scene.SaysAll(err.Error(), "belongs to the Service "+first.namespace+"/crest (Helm release crest in the namespace "+first.namespace+")",
		"--set apiService.create=false", "kubectl delete apiservice "+apiService)
	if err != nil {
		t.Error(err)
	}
}

// nothingIsLeft looks for what an uninstalled release may have left.
func nothingIsLeft(t *testing.T, r *release) {
	t.Helper()
	out, err := shared.Cluster.Kubectl(t.Context(), "get", "--ignore-not-found", "--output=name", "apiservice/"+apiService)
	if err != nil || out != "" {
		t.Errorf("there is still %s%v", out, err)
	}
	kinds := "deployments,services,configmaps,secrets,serviceaccounts,roles,rolebindings,poddisruptionbudgets,resourcequotas,jobs"
	for _, where := range []string{"--namespace=" + r.namespace, "--namespace=kube-system"} {
		out, err := shared.Cluster.Kubectl(t.Context(), "get", kinds, where, "--selector=app.kubernetes.io/instance="+r.name, "--output=name")
		if err != nil || out != "" {
			t.Errorf("there is still %s%v", out, err)
		}
	}
	out, err = shared.Cluster.Kubectl(t.Context(), "get", "clusterroles,clusterrolebindings", "--selector=app.kubernetes.io/instance="+r.name, "--output=name")
	if err != nil || out != "" {
		t.Errorf("there is still %s%v", out, err)
	}
	scene.Eventually(t, "the Pods are gone", func() error {
		names, err := r.pods(t.Context())
		if err == nil && len(names) > 0 {
			err = fmt.Errorf("there are %q", names)
		}
		return err
	})
}

// deletable deletes a namespace: a registered API that does not answer would keep it.
func deletable(t *testing.T, namespace string) {
	t.Helper()
	client := shared.Cluster.Client().CoreV1().Namespaces()
	if err := client.Delete(t.Context(), namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	scene.Eventually(t, "the namespace "+namespace+" is gone", func() error {
		_, err := client.Get(t.Context(), namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is there: %w", err)
	})
}
