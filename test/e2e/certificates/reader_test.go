package certificates

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// apiService is the one that a cluster has for external metrics.
const apiService = "v1beta1.external.metrics.k8s.io"

// pods are those of the adapter.
func pods(ctx context.Context, t *testing.T) []corev1.Pod {
	t.Helper()
	list, err := shared.Cluster.Client().CoreV1().Pods(stage.ReleaseNamespace).List(ctx, metav1.ListOptions{
		LabelSelector: "app.kubernetes.io/instance=" + stage.ReleaseName + ",app.kubernetes.io/component=adapter",
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// trust is what the APIService says, as an API server has heard it: up to half
// a second late.
type trust struct {
	mu  sync.Mutex
	cas []*x509.Certificate
	// most is the largest number of CAs that were seen at once.
	most int
}

// follow reads the APIService until the end of the test.
func follow(t *testing.T) *trust {
	t.Helper()
	f := &trust{}
	if err := f.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(500 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				_ = f.read(ctx) // the next look will do
			}
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
	return f
}

func (f *trust) read(ctx context.Context) error {
	text, err := shared.Cluster.Kubectl(ctx, "get", "apiservice", apiService, "--output=jsonpath={.spec.caBundle}")
	if err != nil {
		return err
	}
	bundle, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("decoding the caBundle: %w", err)
	}
	cas, err := parse(bundle)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cas, f.most = cas, max(f.most, len(cas))
	return nil
}

// bundle is what is trusted now, and the most that was at once.
func (f *trust) bundle() ([]*x509.Certificate, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cas, f.most
}

// caller calls one Pod, with a new connection for each question, and verifies
// what it serves as the API server does.
type caller struct {
	pod   string
	trust *trust

	mu sync.Mutex
	// serials and issuers are those of the certificates that were served, in
	// the order in which they came up.
	serials, issuers []string
}

// verify is a tls.Config.VerifyConnection.
func (c *caller) verify(state tls.ConnectionState) error {
	cas, _ := c.trust.bundle()
	roots := x509.NewCertPool()
	for _, ca := range cas {
		roots.AddCert(ca)
	}
	leaf := state.PeerCertificates[0]
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: state.ServerName, Roots: roots}); err != nil {
		return fmt.Errorf("the certificate of %s, signed by %s and valid until %s, is not trusted: %w", c.pod, leaf.Issuer.CommonName, leaf.NotAfter, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serials = note(c.serials, leaf.SerialNumber.String())
	c.issuers = note(c.issuers, leaf.Issuer.CommonName)
	return nil
}

// note adds what is new.
func note(all []string, one string) []string {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

func (c *caller) seen() (serials, issuers int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.serials), len(c.issuers)
}

// read asks for the maximum of a workload.
func (c *caller) read(t *testing.T, podIP string, w stage.Workload) scene.Reader {
	t.Helper()
	address, ok := shared.Cluster.PodAddress(podIP)
	if !ok {
		t.Fatalf("the Pod %s has the address %s, which is not one of its processes", c.pod, podIP)
	}
	admin := shared.Cluster.Admin()
	pair, err := tls.X509KeyPair(admin.CertData, admin.KeyData)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		ServerName:         stage.ReleaseName + "." + stage.ReleaseNamespace + ".svc",
		Certificates:       []tls.Certificate{pair},
		InsecureSkipVerify: true, // verify does it, with what is trusted at the time
		VerifyConnection:   c.verify,
	}}
	t.Cleanup(transport.CloseIdleConnections)
	config := &rest.Config{Host: "https://" + net.JoinHostPort(address, "10250"), QPS: -1}
	client, err := kubernetes.NewForConfigAndClient(config, &http.Client{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context) stage.Answer {
		return stage.ReadFrom(ctx, client.RESTClient(), w.Namespace, stage.Max, w.Selector())
	}
}

// awaitSeen waits until each caller has met so many certificates, of so many CAs.
func awaitSeen(t *testing.T, callers []*caller, serials, issuers int) {
	t.Helper()
	scene.Eventually(t, fmt.Sprintf("each Pod has served %d certificates of %d CAs", serials, issuers), func() error {
		var errs []error
		for _, c := range callers {
			if s, i := c.seen(); s < serials || i < issuers {
				errs = append(errs, fmt.Errorf("%s has served %d of %d", c.pod, s, i))
			}
		}
		return errors.Join(errs...)
	})
}
