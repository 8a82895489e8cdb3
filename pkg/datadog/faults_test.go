package datadog

import (
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// certificate is one that is its own authority.
func certificate(t *testing.T, host string, begin, end time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: begin, NotAfter: end,
		IsCA: true, BasicConstraintsValid: true,
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(made)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{made}, PrivateKey: key, Leaf: leaf}
}

// serveTLS is a Datadog with this certificate; its address is of the host that
// it should be for.
func serveTLS(t *testing.T, c tls.Certificate, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestACertificateThatDoesNotHoldIsNotTrusted(t *testing.T) {
	now := time.Now()
	for name, test := range map[string]struct {
		host       string
		begin, end time.Duration
		says       string // empty if it holds
	}{
		"one that holds":    {"localhost", -time.Hour, time.Hour, ""},
		"expired":           {"localhost", -2 * time.Hour, -time.Hour, "certificate has expired or is not yet valid"},
		"not valid yet":     {"localhost", time.Hour, 2 * time.Hour, "certificate has expired or is not yet valid"},
		"of another's name": {"example.com", -time.Hour, time.Hour, "valid for example.com, not localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			c := certificate(t, test.host, now.Add(test.begin), now.Add(test.end))
			var calls atomic.Int32
			server := serveTLS(t, c, func(w http.ResponseWriter, r *http.Request) { calls.Add(1); answerTo(w, r) })
			transport, ok := newTransport().(*http.Transport)
			if !ok {
				t.Fatal("not the transport of net/http")
			}
			transport.TLSClientConfig.RootCAs = x509.NewCertPool()
			transport.TLSClientConfig.RootCAs.AddCert(c.Leaf)
			o := testOptions(strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
			o.Transport = transport
			if test.says == "" {
				if err := newClient(t, o).Collect(t.Context(), []utilization.Workload{item}, noon)[0].Err; err != nil {
					t.Fatal(err)
				}
				return
			}
			failure := fail(t.Context(), t, o)
			if failure.Code != CodeTLS || !strings.Contains(failure.Text, test.says) {
				t.Errorf("got %s: %s; want %q", failure.Code, failure, test.says)
			}
			if calls.Load() != 0 {
				t.Error("the keys have been sent to whoever this is")
			}
		})
	}
}

// written counts what a handler could send.
type written struct {
	io.Writer
	bytes atomic.Int64
}

func (w *written) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.bytes.Add(int64(n))
	return n, err
}

func TestOfAnAnswerOf200MegabytesNoMoreIsReadThanTheBound(t *testing.T) {
	const size, chunk = 200 << 20, 1 << 20
	for name, compress := range map[string]bool{"as it is": false, "compressed to 200 kB": true} {
		t.Run(name, func(t *testing.T) {
			sent := &written{}
			ended := make(chan struct{})
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				defer close(ended)
				sent.Writer = w
				to := io.Writer(sent)
				if compress {
					w.Header().Set("Content-Encoding", "gzip")
					zipped := gzip.NewWriter(sent)
					defer zipped.Close()
					to = zipped
				}
				spaces := []byte(strings.Repeat(" ", chunk))
				for range size / chunk {
					if _, err := to.Write(spaces); err != nil {
						return
					}
				}
			})
			o := testOptions(url)
			o.Timeout = time.Minute
			if failure := fail(t.Context(), t, o); failure.Code != CodeTooLarge {
				t.Errorf("got %s: %s", failure.Code, failure)
			}
			<-ended
			// What the sockets hold was sent and not read.
			if n := sent.bytes.Load(); n > mostAnswer+16<<20 {
				t.Errorf("%d MB were sent, want no more than the %d that are read", n>>20, mostAnswer>>20)
			}
		})
	}
}
