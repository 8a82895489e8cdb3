package app_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/app"
	"github.com/crest-hpa/crest/pkg/app/apptest"
	"github.com/crest-hpa/crest/pkg/provider"
)

// certificate writes a serving certificate and its key over those that are
// there, and returns the certificate.
func certificate(t *testing.T, certFile, keyFile string, serial int64) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"crest.crest-system.svc"},
		NotBefore: app.Now().Add(-time.Hour), NotAfter: app.Now().Add(time.Hour),
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: made},
		keyFile:  {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return made
}

func TestAServingCertificateThatIsReplacedIsServedWithoutARestart(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	first := certificate(t, certFile, keyFile, 1)
	a := start(t, options(t, shop(t).Kubeconfig, withoutDatadog, "--tls-cert-file="+certFile, "--tls-private-key-file="+keyFile))
	a.answering()
	served := func() []byte {
		c, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", a.app.Addr().String())
		if err != nil {
			t.Fatalf("while the certificate is replaced: %v", err)
		}
		defer c.Close()
		connected, ok := c.(*tls.Conn)
		if !ok {
			t.Fatal("not a TLS connection")
		}
		return connected.ConnectionState().PeerCertificates[0].Raw
	}
	if !bytes.Equal(served(), first) {
		t.Fatal("it does not serve the certificate that it was given")
	}
	kept := a.over(connection())
	second := certificate(t, certFile, keyFile, 2)
	a.eventually("serve the new certificate", func() bool {
		if got := kept.metric(provider.MaxContainer, "deployment%3Ditem"); got.code != http.StatusOK {
			t.Fatalf("an answer over an old connection failed: %d: %s", got.code, got.body)
		}
		return bytes.Equal(served(), second)
	})
}

func TestAnAPIServerThatIsAwayTakesNoAnswerAway(t *testing.T) {
	cluster := shop(t)
	// It is the API server that knows callers: they are remembered for longer
	// than it is away.
	o := options(t, cluster.Kubeconfig, withDatadog(apptest.NewDatadog(t, cluster).URL),
		"--authentication-token-webhook-cache-ttl=1m", "--authorization-webhook-cache-authorized-ttl=1m")
	o.Getenv = keys
	a := start(t, o)
	a.ready()
	newest := func() (source string, at time.Time) {
		got := a.metric(provider.MaxContainer, "deployment%3Ditem")
		if got.code != http.StatusOK {
			return "", time.Time{}
		}
		item := got.items(t)[0]
		return item.MetricLabels["source"], item.Timestamp.Time
	}
	a.eventually("answer from Datadog", func() bool { source, _ := newest(); return source == "datadog" })

	// metrics-server is away with it, and is exercised once in four seconds.
	_, before := newest()
	cluster.SetAway(true)
	a.eventually("answer with newer data from Datadog", func() bool {
		source, at := newest()
		if source != "datadog" {
			t.Fatalf("without the API server the source is %q", source)
		}
		return at.Sub(before) >= 6*time.Second
	})
	if got := a.get("", "/readyz"); got.code != http.StatusOK {
		t.Errorf("it is not ready: %d: %s", got.code, got.body)
	}
	cluster.SetAway(false)
	back := app.Now().Add(time.Second) // timestamps are whole seconds
	a.eventually("read metrics-server again", func() bool {
		got := a.metric(provider.PodAverage, "deployment%3Ditem")
		return got.code == http.StatusOK && got.items(t)[0].Timestamp.After(back)
	})
}
