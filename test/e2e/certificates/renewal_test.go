package certificates

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

func TestTheCertificateAndItsCAAreRenewedWithoutOneFailedAnswer(t *testing.T) {
	install(t)
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 2}
	shared.Serve(t, w, scene.Busy{"istio-proxy": 70, "app": 36})
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 4})
	before := pods(t.Context(), t)
	if len(before) != 2 {
		t.Fatalf("there are %d Pods, want two", len(before))
	}
	trusted := follow(t)
	var readers []*stage.Watch
	var callers []*caller
	for _, p := range before {
		c := &caller{pod: p.Name, trust: trusted}
		callers = append(callers, c)
		ask := c.read(t, p.Status.PodIP, w)
		scene.AwaitAnswer(t, ask, scene.From("datadog"))
		readers = append(readers, scene.Watch(t, 200*time.Millisecond, ask))
	}
	scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog"))
	readers = append(readers, scene.Watch(t, 50*time.Millisecond, shared.Maximum(w)))
	began := time.Now()

	awaitSeen(t, callers, 2, 1)
	awaitSeen(t, callers, 3, 1)
	scene.Eventually(t, "the API server is told of the next CA", func() error {
		if _, most := trusted.bundle(); most < 2 {
			return fmt.Errorf("it trusts %d", most)
		}
		return nil
	})
	awaitSeen(t, callers, 4, 2)
	scene.Eventually(t, "the old CA is forgotten", func() error {
		if cas, _ := trusted.bundle(); len(cas) != 1 {
			return fmt.Errorf("%d are trusted", len(cas))
		}
		return nil
	})
	awaitSeen(t, callers, 5, 2)

	for i, r := range readers {
		scene.NoneFailed(t, r)
		t.Logf("reader %d got %d answers in %.0f s", i, len(r.Answers()), time.Since(began).Seconds())
	}
	for _, c := range callers {
		serials, issuers := c.seen()
		t.Logf("%s served %d certificates of %d CAs", c.pod, serials, issuers)
	}
	notRestarted(t, before[0].Name, before[1].Name)
	upgradeLeavesTheSecret(t)
}

// notRestarted looks for Pods that are new or have begun anew, and for a key in
// what they say.
func notRestarted(t *testing.T, names ...string) {
	t.Helper()
	for _, p := range pods(t.Context(), t) {
		if !slices.Contains(names, p.Name) || p.Status.ContainerStatuses[0].RestartCount != 0 {
			t.Errorf("%s was restarted %d times", p.Name, p.Status.ContainerStatuses[0].RestartCount)
		}
		text, err := shared.Cluster.PodLog(p.Name, "crest")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "PRIVATE KEY") {
			t.Errorf("%s logs a key", p.Name)
		}
		if n := strings.Count(text, "Serving a certificate"); n < 5 {
			t.Errorf("%s says only %d times that it serves a certificate:\n%s", p.Name, n, text)
		}
		for line := range strings.Lines(text) {
			if strings.Contains(line, "orbidden") {
				t.Errorf("%s lacks a permission: %s", p.Name, line)
			}
		}
	}
}

// upgradeLeavesTheSecret upgrades the release, whose chart makes the Secret
// without data: those that are in it stay.
func upgradeLeavesTheSecret(t *testing.T) {
	t.Helper()
	was := secret(t)
	if len(was) < 4 {
		t.Errorf("the Secret has only %q", slices.Sorted(maps.Keys(was)))
	}
	helm(t, "upgrade")
	if is := secret(t); string(is["ca.crt"]) != string(was["ca.crt"]) {
		// It may be due just now, and then what was trusted still is.
		cas, err := parse(is["ca.crt"])
		old, err2 := parse(was["ca.crt"])
		if err := errors.Join(err, err2); err != nil || !slices.ContainsFunc(cas, old[0].Equal) {
			t.Errorf("after an upgrade other CAs are trusted (%v)", err)
		}
	}
}

func secret(t *testing.T) map[string][]byte {
	t.Helper()
	s, err := shared.Cluster.Client().CoreV1().Secrets(stage.ReleaseNamespace).Get(t.Context(), "crest-certificate", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Data
}

// parse reads certificates in PEM, at least one.
func parse(text []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading a certificate: %w", err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no certificate")
	}
	return all, nil
}
