package live

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

const looker = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: look, namespace: %[1]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: look, namespace: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: crest-metrics-reader}
subjects: [{kind: ServiceAccount, name: look, namespace: %[1]s}]
`

// As docs/migrating.md says: beside another server of external metrics Crest's numbers can be looked at.
func TestAnUnregisteredCrestCanBeLookedAt(t *testing.T) {
	r := newRelease(t)
	r.values["apiService"] = map[string]any{"create": false}
	r.must(t, "install", "--wait", "--timeout", "2m")
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 2}
	shared.Serve(t, w, scene.Busy{"istio-proxy": 70, "app": 36})
	if err := shared.Cluster.Apply(t.Context(), fmt.Appendf(nil, looker, w.Namespace)); err != nil {
		t.Fatal(err)
	}
	client := r.clientOf(t, w.Namespace)
	path := "/apis/external.metrics.k8s.io/v1beta1/namespaces/" + w.Namespace + "/container_cpu_utilization?labelSelector=deployment%3Ditem"
	scene.Eventually(t, "an answer from Datadog, past the API server", func() error {
		text, err := get(t.Context(), client, "https://crest."+r.namespace+".svc:8443"+path)
		if err != nil {
			return err
		}
		if !strings.Contains(text, `"container":"istio-proxy"`) || !strings.Contains(text, `"source":"datadog"`) {
			return fmt.Errorf("it answers %s", text)
		}
		return nil
	})
	if out, err := shared.Cluster.Kubectl(t.Context(), "get", "apiservice", apiService); err == nil {
		t.Errorf("it is registered: %s", out)
	}
}

// clientOf calls Crest past the API server, with the token of an account that may view a namespace, and
// trusts what the Secret says.
func (r *release) clientOf(t *testing.T, namespace string) *http.Client {
	t.Helper()
	secret, err := shared.Cluster.Client().CoreV1().Secrets(r.namespace).Get(t.Context(), r.name+"-certificate", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(secret.Data["ca.crt"]) {
		t.Fatal("the Secret holds no CA")
	}
	token, err := shared.Cluster.TokenFor(t.Context(), namespace, "look")
	if err != nil {
		t.Fatal(err)
	}
	ip, err := shared.Cluster.ServiceIP(t.Context(), r.namespace, r.name)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(ip, "8443"))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: bearer{token, transport}}
}

// bearer adds a token to each request.
type bearer struct {
	token string
	next  http.RoundTripper
}

func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(request)
}

func get(ctx context.Context, client *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return string(text), err
}
