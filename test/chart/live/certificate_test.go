package live

import (
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// withOwnCertificate has the release serve with a certificate that the test brings.
func (r *release) withOwnCertificate(t *testing.T) {
	t.Helper()
	cert, key, ca, err := shared.Cluster.ServingCertificate(r.namespace, r.name)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
		"metadata":   map[string]any{"name": "own", "namespace": r.namespace},
		"stringData": map[string]string{"tls.crt": string(cert), "tls.key": string(key)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := shared.Cluster.Apply(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	r.values["tls"] = map[string]any{
		"mode":           "existingSecret",
		"existingSecret": map[string]any{"name": "own", "caBundle": string(ca)},
	}
}

func TestWithACertificateOfYourOwnTheAPIIsTrusted(t *testing.T) {
	r := newRelease(t)
	r.withOwnCertificate(t)
	r.install(t)
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 2}
	shared.Serve(t, w, scene.Busy{"istio-proxy": 70, "app": 36})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 70, 2))

	out, err := shared.Cluster.Kubectl(t.Context(), "get", "apiservice", apiService, "--output=jsonpath={.spec.insecureSkipTLSVerify}")
	if err != nil || out != "" {
		t.Errorf("insecureSkipTLSVerify is %q, %v; want nothing", out, err)
	}
	r.must(t, "test")
	if out, err := shared.Cluster.Kubectl(t.Context(), "get", "role,rolebinding", "--namespace="+r.namespace, "--output=name"); err != nil || out != "" {
		t.Errorf("without rotation Crest needs no permission in its namespace, and there are %s %v", out, err)
	}
}
