package defaults

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/test/stage"
)

// crowd has a thousand readers ask for the maximum at the same time, each three
// times in a row: ten callers with a connection and a hundred streams each, as
// kube-apiservers are.
func crowd(t *testing.T, s *stage.Stage, seen *diary, w stage.Workload) {
	t.Helper()
	const connections, streams, times = 10, 100, 3
	began := time.Now()
	var (
		readers sync.WaitGroup
		mu      sync.Mutex
		answers []stage.Answer
	)
	for range connections {
		ask := toItself(t, s, w)
		for range streams {
			readers.Go(func() {
				for range times {
					a := ask(t.Context())
					mu.Lock()
					answers = append(answers, a)
					mu.Unlock()
				}
			})
		}
	}
	readers.Wait()
	took := time.Since(began)
	failed := 0
	for _, a := range answers {
		if !a.OK() {
			if failed++; failed < 10 {
				t.Errorf("%s", a)
			}
		}
	}
	slowest := slices.MaxFunc(answers, func(a, b stage.Answer) int { return cmp.Compare(a.Took, b.Took) })
	t.Logf("measured: of %d answers in %s %d failed; the slowest took %s", len(answers), took.Round(10*time.Millisecond), failed,
		slowest.Took.Round(10*time.Millisecond))
	await(t, slack, "the HPA is answered too", func() error { _, err := seen.turned(w, began, "datadog"); return err })
	wantRested(t, s, seen, w, began, "datadog")
}

// toItself asks the adapter itself, past the API server, with a client
// certificate of the cluster's administrators and over a connection of its own.
func toItself(t *testing.T, s *stage.Stage, w stage.Workload) func(context.Context) stage.Answer {
	t.Helper()
	admin, config := s.Cluster.Admin(), s.Adapter.RESTConfig("")
	config.CertData, config.KeyData = admin.CertData, admin.KeyData
	config.QPS = -1 // not throttled
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		t.Fatal(err)
	}
	// The transports that client-go would make are shared.
	transport := &http.Transport{TLSClientConfig: tlsConfig, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := kubernetes.NewForConfigAndClient(config, &http.Client{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context) stage.Answer {
		return stage.ReadFrom(ctx, client.RESTClient(), w.Namespace, stage.Max, w.Selector())
	}
}
