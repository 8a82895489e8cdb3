package scene

import (
	"context"
	"net/http"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/stage"
)

// AdminConfig speaks to an adapter itself with a client certificate of the
// cluster's administrators: to verify it nobody needs to be asked.
func (s *Scene) AdminConfig(a *cluster.Adapter) *rest.Config {
	admin, config := s.Cluster.Admin(), a.RESTConfig("")
	config.CertData, config.KeyData = admin.CertData, admin.KeyData
	return config
}

// AsAdmin reads the maximum of the workload from an adapter itself, as an
// administrator, over one connection.
func (s *Scene) AsAdmin(t *testing.T, a *cluster.Adapter, w stage.Workload) Reader {
	t.Helper()
	return Direct(t, s.AdminConfig(a), w)
}

// Reconnecting is AsAdmin with a new connection for each question.
func (s *Scene) Reconnecting(t *testing.T, a *cluster.Adapter, w stage.Workload) Reader {
	t.Helper()
	return over(t, &http.Transport{DisableKeepAlives: true}, s.AdminConfig(a), w)
}

// Direct reads the maximum of the workload from the adapter that the config
// leads to, over one connection of its own.
func Direct(t *testing.T, config *rest.Config, w stage.Workload) Reader {
	t.Helper()
	return over(t, &http.Transport{ForceAttemptHTTP2: true}, config, w)
}

// over is Direct over a transport of the caller's, until the end of the test.
// The transports that client-go would make are shared.
func over(t *testing.T, transport *http.Transport, config *rest.Config, w stage.Workload) Reader {
	t.Helper()
	var err error
	if transport.TLSClientConfig, err = rest.TLSConfigFor(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	wrapped, err := rest.HTTPWrappersForConfig(config, transport)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfigAndClient(config, &http.Client{Transport: wrapped})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context) stage.Answer {
		return stage.ReadFrom(ctx, client.RESTClient(), w.Namespace, stage.Max, w.Selector())
	}
}
