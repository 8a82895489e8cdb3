package services

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// dialTimeout is how long an endpoint may take to accept.
const dialTimeout = 5 * time.Second

// forwarder listens on one port of one Service.
type forwarder struct {
	listener net.Listener

	mu    sync.Mutex
	to    []string
	conns map[net.Conn]struct{}
}

func listen(ctx context.Context, address string) (*forwarder, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on a Service's address (a port below 1024 needs root): %w", err)
	}
	f := &forwarder{listener: l, conns: map[net.Conn]struct{}{}}
	go f.accept()
	return f, nil
}

// lead has new connections go to these addresses.
func (f *forwarder) lead(to []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to = to
}

// shut refuses new connections. Those that there are live on.
func (f *forwarder) shut() { _ = f.listener.Close() }

// close ends all connections too.
func (f *forwarder) close() {
	f.shut()
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		_ = c.Close()
	}
}

func (f *forwarder) accept() {
	for {
		client, err := f.listener.Accept()
		if err != nil {
			return
		}
		go f.connect(client)
	}
}

// connect leads one connection to an endpoint. If that refuses, so does this, as kube-proxy
// tries no second one.
func (f *forwarder) connect(client net.Conn) {
	defer func() { _ = client.Close() }()
	to, ok := f.endpoint()
	if !ok {
		return
	}
	server, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(context.Background(), "tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	f.know(client, server)
	defer f.forget(client, server)
	var both sync.WaitGroup
	both.Go(func() { pour(server, client) })
	both.Go(func() { pour(client, server) })
	both.Wait()
}

// endpoint is one of them, at random; the last one may have gone since the connection came.
func (f *forwarder) endpoint() (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.to) == 0 {
		return "", false
	}
	return f.to[rand.IntN(len(f.to))], true
}

// pour copies until from has no more, and tells to so.
func pour(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}

func (f *forwarder) know(conns ...net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		f.conns[c] = struct{}{}
	}
}

func (f *forwarder) forget(conns ...net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		delete(f.conns, c)
	}
}
