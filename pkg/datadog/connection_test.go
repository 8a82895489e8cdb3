package datadog

import (
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// gateway passes bytes between clients and a server until it forgets the
// connections that it knows: nobody hears from them again, and nobody is told.
type gateway struct {
	net.Listener
	server string

	mu      sync.Mutex
	current *atomic.Bool // whether the connections of now are forgotten
	made    int
	closed  []io.Closer
}

func startGateway(t *testing.T, server string) *gateway {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{Listener: listener, server: server, current: new(atomic.Bool)}
	go g.serve()
	t.Cleanup(func() {
		listener.Close()
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, c := range g.closed {
			c.Close()
		}
	})
	return g
}

func (g *gateway) serve() {
	for {
		client, err := g.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).Dial("tcp", g.server)
		if err != nil {
			client.Close()
			continue
		}
		g.mu.Lock()
		forgotten := g.current
		g.made++
		g.closed = append(g.closed, client, server)
		g.mu.Unlock()
		go pass(client, server, forgotten)
		go pass(server, client, forgotten)
	}
}

// pass copies what comes, or swallows it.
func pass(to io.Writer, from io.Reader, forgotten *atomic.Bool) {
	for chunk := make([]byte, 32<<10); ; {
		n, err := from.Read(chunk)
		if err != nil {
			return
		}
		if !forgotten.Load() {
			if _, err := to.Write(chunk[:n]); err != nil {
				return
			}
		}
	}
}

func (g *gateway) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.current.Store(true)
	g.current = new(atomic.Bool)
}

func (g *gateway) connections() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.made
}

func TestADeadConnectionIsNotUsedAgainAfterATimeout(t *testing.T) {
	var protocol atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol.Store(r.Proto)
		answerTo(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	g := startGateway(t, server.Listener.Addr().String())
	transport, ok := newTransport().(*http.Transport)
	if !ok {
		t.Fatal("not the transport of net/http")
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	transport.TLSClientConfig.RootCAs = trusted
	o := testOptions("https://" + g.Addr().String())
	o.Transport, o.Timeout = transport, time.Second
	c := newClient(t, o)
	collect := func() error { return c.Collect(t.Context(), []utilization.Workload{item}, noon)[0].Err }
	for range 2 {
		if err := collect(); err != nil {
			t.Fatal(err)
		}
	}
	if protocol.Load() != "HTTP/2.0" || g.connections() != 1 {
		t.Fatalf("got %v over %d connections, want HTTP/2 over one", protocol.Load(), g.connections())
	}
	g.forget()
	if err := collect(); err == nil || !strings.Contains(err.Error(), "did not answer within") {
		t.Fatalf("got %v, want a timeout", err)
	}
	if err := collect(); err != nil || g.connections() != 2 {
		t.Errorf("got %v over %d connections, want an answer over a second one", err, g.connections())
	}
}

func TestAConnectionThatIsSilentIsAskedWhetherItLives(t *testing.T) {
	transport, ok := newTransport().(*http.Transport)
	if !ok || transport.HTTP2 == nil || transport.HTTP2.SendPingTimeout == 0 || transport.HTTP2.PingTimeout == 0 || !transport.ForceAttemptHTTP2 {
		t.Errorf("got %+v", transport)
	}
}
