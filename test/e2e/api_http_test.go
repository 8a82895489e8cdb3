package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// response is what an HTTP client sees, which client-go would hide: it retries
// where a header says so.
type response struct {
	code   int
	header http.Header
	body   string
}

// message is that of an error.
func (r response) message() string {
	var status metav1.Status
	if err := json.Unmarshal([]byte(r.body), &status); err != nil {
		return r.body
	}
	return status.Message
}

// get asks a server as somebody, without any retry.
func get(t *testing.T, as *rest.Config, path string, header map[string]string) response {
	t.Helper()
	client, err := rest.HTTPClientFor(as)
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, as.Host+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range header {
		request.Header.Set(key, value)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{answer.StatusCode, answer.Header, string(body)}
}

// admin may do everything, through the API server.
func admin() *rest.Config { return shared.Cluster.Admin() }

// caller is who has this token, through the API server; nobody without one.
func caller(token string) *rest.Config {
	c := rest.AnonymousClientConfig(shared.Cluster.Admin())
	c.BearerToken = token
	return c
}

// account makes a ServiceAccount without any rights and returns its token.
func account(t *testing.T, namespace, name string) string {
	t.Helper()
	apply(t, fmt.Sprintf("{apiVersion: v1, kind: ServiceAccount, metadata: {namespace: %s, name: %s}}", namespace, name))
	token, err := shared.Cluster.TokenFor(t.Context(), namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// apply applies objects in YAML.
func apply(t *testing.T, manifest string) {
	t.Helper()
	if err := shared.Cluster.Apply(t.Context(), []byte(manifest)); err != nil {
		t.Fatal(err)
	}
}
