package apptest

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Cluster is a Kubernetes API server with a fixed content.
type Cluster struct {
	// Kubeconfig is a file with which to reach it.
	Kubeconfig string

	workloads []Workload
	ca        string
	away      atomic.Bool
	now       func() time.Time
	handler   http.Handler
	cut       func()
	done      chan struct{}
}

// NewCluster starts an API server whose content are these workloads; it ends
// with the test.
func NewCluster(t testing.TB, now func() time.Time, workloads ...Workload) *Cluster {
	t.Helper()
	c := &Cluster{workloads: workloads, now: now, done: make(chan struct{})}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }))
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	c.ca = string(ca)
	c.handler, c.cut = c.newHandler(), server.CloseClientConnections
	t.Cleanup(func() {
		close(c.done)
		server.CloseClientConnections()
		server.Close()
	})
	c.Kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	kubeconfig := clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"test": {
			Server:                   server.URL,
			CertificateAuthorityData: ca,
		}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"test": {Token: "adapter"}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "test"}},
		CurrentContext: "test",
	}
	if err := clientcmd.WriteToFile(kubeconfig, c.Kubeconfig); err != nil {
		t.Fatalf("writing the kubeconfig: %v", err)
	}
	return c
}

// SetAway ends all connections, and with them all watches, and makes the API
// server answer everything with a 503; or it ends that.
func (c *Cluster) SetAway(away bool) {
	c.away.Store(away)
	if away {
		c.cut()
	}
}

func (c *Cluster) newHandler() http.Handler {
	mux := http.NewServeMux()
	c.handleReviews(mux)
	c.handleObjects(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case c.away.Load():
			http.Error(w, "starting", http.StatusServiceUnavailable)
		case r.URL.Query().Get("watch") == "true":
			c.watch(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// watch reports no change, since there is none. A watch that is to begin with
// a list is refused, as an older API server does; client-go lists then.
func (c *Cluster) watch(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.RawQuery, "sendInitialEvents=true") {
		reply(w, http.StatusUnprocessableEntity, status("Invalid", http.StatusUnprocessableEntity))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	select {
	case <-r.Context().Done():
	case <-c.done:
	}
}

func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}
