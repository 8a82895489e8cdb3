package faults

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// wayState is what is the matter with the way to Datadog.
type wayState string

const (
	open wayState = ""
	// refuses has nobody listen at the proxy's address.
	refuses wayState = "refuses"
	// wantsPassword has the proxy answer 407, cannotReach 502.
	wantsPassword wayState = "407"
	cannotReach   wayState = "502"
	// hangs has the proxy accept and never answer.
	hangs wayState = "hangs"
	// hangsUp has the proxy end each tunnel as soon as it is there.
	hangsUp wayState = "hangs up"
	// forgets has nothing arrive over the connections that are there.
	forgets wayState = "forgets"
	// unknown, expired and ofAnother are the certificate at the end of the way.
	unknown   wayState = "unknown"
	expired   wayState = "expired"
	ofAnother wayState = "of another"
)

// way is what lies between an adapter and Datadog: an HTTP proxy, which leads
// every host to one address, and the certificate at its end.
type way struct {
	*credentials
	addr string

	mu      sync.Mutex
	state   wayState
	server  *http.Server  // nil while it refuses
	changed chan struct{} // closed when the state changes
	target  string
	tunnels map[*tunnel]struct{}
}

// tunnel is a connection through the proxy.
type tunnel struct {
	client, server net.Conn
	forgotten      atomic.Bool
}

// newWay is an open way that leads nowhere yet.
func newWay() (*way, error) {
	c, err := newCredentials()
	if err != nil {
		return nil, err
	}
	w := &way{credentials: c, addr: "127.0.0.1:0", changed: make(chan struct{}), tunnels: map[*tunnel]struct{}{}}
	return w, w.listen()
}

// leadTo says where the simulator listens.
func (w *way) leadTo(simulator string) error {
	u, err := url.Parse(simulator)
	if err != nil {
		return fmt.Errorf("the address of the simulator: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.target = u.Host
	return nil
}

// close ends the proxy for good.
func (w *way) close() {
	_ = w.set(refuses) // at the end it does not matter
	_ = os.RemoveAll(w.dir)
}

// environment is what the adapter must be told of the way.
func (w *way) environment() []string {
	return []string{"HTTPS_PROXY=http://" + w.addr, "SSL_CERT_FILE=" + w.authorities, "SSL_CERT_DIR=" + w.dir}
}

// set changes the state. Tunnels end, so that each call meets the new state, or
// are forgotten.
func (w *way) set(state wayState) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = state
	close(w.changed)
	w.changed = make(chan struct{})
	for u := range w.tunnels {
		if state == forgets {
			u.forgotten.Store(true)
		} else {
			u.close()
			delete(w.tunnels, u)
		}
	}
	if state != refuses {
		return w.listen()
	}
	if w.server == nil {
		return nil
	}
	server := w.server
	w.server = nil
	return server.Close()
}

// listen opens the proxy, unless it is open.
func (w *way) listen() error {
	if w.server != nil {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", w.addr)
	if err != nil {
		return fmt.Errorf("opening the proxy: %w", err)
	}
	w.addr = listener.Addr().String()
	w.server = &http.Server{Handler: http.HandlerFunc(w.connect), ReadHeaderTimeout: 10 * time.Second}
	// Serve ends with ErrServerClosed when the proxy refuses.
	go func(server *http.Server) { _ = server.Serve(listener) }(w.server)
	return nil
}

// now is the state, where the way leads, and what is closed when that changes.
func (w *way) now() (state wayState, target string, changed <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state, w.target, w.changed
}

func (w *way) connect(rw http.ResponseWriter, r *http.Request) {
	state, target, changed := w.now()
	switch {
	case r.Method != http.MethodConnect || r.Host != "api."+site+":443":
		http.Error(rw, "this proxy leads to Datadog only", http.StatusForbidden)
	case state == wantsPassword:
		rw.WriteHeader(http.StatusProxyAuthRequired)
	case state == cannotReach:
		rw.WriteHeader(http.StatusBadGateway)
	case state == hangs:
		select {
		case <-changed:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	default:
		client, _, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			panic(err) // an HTTP/1.1 connection can be taken over
		}
		defer client.Close()
		_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
		if state == hangsUp {
			return
		}
		server, err := new(net.Dialer).Dial("tcp", target)
		if err != nil {
			return
		}
		u := &tunnel{client: client, server: server}
		defer u.close()
		if w.keep(u, changed) {
			go u.pass(server, client)
			u.pass(client, server)
		}
	}
}

// keep notes a tunnel, unless the state has changed meanwhile.
func (w *way) keep(u *tunnel, changed <-chan struct{}) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-changed:
		return false
	default:
		w.tunnels[u] = struct{}{}
		return true
	}
}

func (u *tunnel) close() {
	_ = u.client.Close() // one end may have been closed by who is there
	_ = u.server.Close()
}

// pass copies what comes, or swallows it, until an end is closed. Then both are.
func (u *tunnel) pass(to, from net.Conn) {
	defer u.close()
	for chunk := make([]byte, 32<<10); ; {
		n, err := from.Read(chunk)
		if err != nil {
			return
		}
		if u.forgotten.Load() {
			continue
		}
		if _, err := to.Write(chunk[:n]); err != nil {
			return
		}
	}
}
