package defaults

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
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
	path := stage.Path(w.Namespace, stage.Max, w.Selector())
	// How long a reader waits is a matter of the machine.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var readers sync.WaitGroup
	failures := make(chan error, connections*streams*times)
	for range connections {
		client := itself(t, s)
		for range streams {
			readers.Go(func() {
				for range times {
					body, err := client.Get().MaxRetries(0).RequestURI(path).DoRaw(ctx)
					if err == nil && !bytes.Contains(body, []byte(`"source":"datadog"`)) {
						err = fmt.Errorf("answered %s", body)
					}
					if err != nil {
						failures <- err
					}
				}
			})
		}
	}
	readers.Wait()
	close(failures)
	t.Logf("measured: of %d answers in %s %d failed", cap(failures), time.Since(began).Round(10*time.Millisecond), len(failures))
	counts := map[string]int{}
	for err := range failures {
		counts[err.Error()]++
	}
	for what, n := range counts {
		t.Errorf("%d readers got: %s", n, what)
	}
	await(t, slack, "the HPA is answered too", func() error { _, err := seen.turned(w, began, "datadog"); return err })
	wantRested(t, s, seen, w, began, "datadog")
}

// toItself asks the adapter itself, over a connection of its own.
func toItself(t *testing.T, s *stage.Stage, w stage.Workload) func(context.Context) stage.Answer {
	t.Helper()
	client := itself(t, s)
	return func(ctx context.Context) stage.Answer {
		return stage.ReadFrom(ctx, client, w.Namespace, stage.Max, w.Selector())
	}
}

// itself speaks to the adapter past the API server, with a client certificate
// of the cluster's administrators and over a connection of its own.
func itself(t *testing.T, s *stage.Stage) rest.Interface {
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
	return client.RESTClient()
}
