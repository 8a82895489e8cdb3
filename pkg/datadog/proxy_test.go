package datadog

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// A process reads HTTPS_PROXY once, so each case is a process of its own: this
// test, with the site to ask about in this variable.
const siteVariable = "CREST_TEST_SITE"

// said begins the line on which such a process says what became of its call.
const said = "outcome: "

func TestAProxyInBetweenIsUsedAndNamedWhenItFails(t *testing.T) {
	if site := os.Getenv(siteVariable); site != "" {
		askThrough(t, site)
		return
	}
	const site = "crest.example"
	now := time.Now()
	trusted := certificate(t, "api."+site, now.Add(-time.Hour), now.Add(time.Hour))
	forged := certificate(t, "api."+site, now.Add(-time.Hour), now.Add(time.Hour))
	authorities := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authorities, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.Leaf.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	api, other := serveTLS(t, trusted, answerTo), serveTLS(t, forged, answerTo)
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	for name, test := range map[string]struct {
		proxy string
		code  Code
		says  string
	}{
		"it passes everything on":     {tunnel(t, api.Listener.Addr().String()), CodeOK, ""},
		"it refuses connections":      {nobody.URL, CodeRefused, "check datadog.url, HTTPS_PROXY and egress policy"},
		"it wants a password":         {refusing(t, http.StatusProxyAuthRequired), CodeNetwork, "Proxy Authentication Required): check the network, HTTPS_PROXY"},
		"it cannot reach the site":    {refusing(t, http.StatusBadGateway), CodeNetwork, "Bad Gateway): check the network, HTTPS_PROXY"},
		"it never answers":            {httptestURL(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), CodeTimeout, "or egress is blocked"},
		"it ends the connection":      {tunnel(t, nobody.Listener.Addr().String()), CodeNetwork, "check the network, HTTPS_PROXY"},
		"it opens the TLS connection": {tunnel(t, other.Listener.Addr().String()), CodeTLS, "Crest must trust the proxy's CA (SSL_CERT_FILE)"},
	} {
		t.Run(name, func(t *testing.T) {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAProxyInBetweenIsUsedAndNamedWhenItFails$", "-test.v")
			child.Env = append(os.Environ(), siteVariable+"="+site, "HTTPS_PROXY="+test.proxy, "NO_PROXY=", "SSL_CERT_FILE="+authorities, "SSL_CERT_DIR="+t.TempDir())
			output, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v:\n%s", err, output)
			}
			_, outcome, _ := strings.Cut(string(output), said)
			outcome, _, _ = strings.Cut(outcome, "\n")
			code, text, _ := strings.Cut(outcome, " ")
			if code != string(test.code) || !strings.Contains(text, test.says) {
				t.Errorf("got %q, want %s and a text with %q", outcome, test.code, test.says)
			}
		})
	}
}

// askThrough is what the child does: one collection from a site.
func askThrough(t *testing.T, site string) {
	t.Helper()
	o := testOptions("")
	o.Site, o.Timeout = site, 2*time.Second
	batch := newClient(t, o).Collect(t.Context(), []utilization.Workload{item}, noon)[0]
	code, text := CodeOK, ""
	if failure := (*Error)(nil); errors.As(batch.Err, &failure) {
		code, text = failure.Code, failure.Text
	}
	fmt.Fprintf(os.Stdout, "%s%s %s\n", said, code, text)
}

// refusing is a proxy that opens no tunnel.
func refusing(t *testing.T, status int) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

// tunnel is a proxy that leads every host to one address; it ends tunnels that
// lead nowhere.
func tunnel(t *testing.T, address string) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "api.crest.example:443" {
			t.Errorf("the proxy was asked for %s %s", r.Method, r.Host)
		}
		client, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("taking the connection over: %v", err)
			return
		}
		defer client.Close()
		io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
		server, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return
		}
		defer server.Close()
		go func() { _, _ = io.Copy(server, buffered) }()
		_, _ = io.Copy(client, server)
	})
}
