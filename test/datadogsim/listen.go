package datadogsim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// door is where clients come in. It can be shut and opened again at the same
// address, which a client sees as a refused connection.
type door struct {
	handler http.Handler
	tls     *tls.Config
	addr    string
	server  *http.Server // nil while shut
	// listener is the one of server, which does not know it before it serves.
	listener net.Listener
}

// Start listens on addr, for example "127.0.0.1:0", and returns the base URL.
func (s *Sim) Start(addr string) (url string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.door != nil {
		return "", errors.New("datadogsim: already started")
	}
	d := &door{handler: s.handler, tls: s.options.TLS, addr: addr}
	if err := d.open(); err != nil {
		return "", err
	}
	s.door = d
	if d.tls != nil {
		return "https://" + d.addr, nil
	}
	return "http://" + d.addr, nil
}

// Close stops listening and lets go of every request.
func (s *Sim) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		return nil
	default:
		close(s.closed)
	}
	if s.door == nil {
		return nil
	}
	return s.door.shut()
}

// open listens; the address that it finds is kept for the next time.
func (d *door) open() error {
	if d.server != nil {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", d.addr)
	if err != nil {
		return fmt.Errorf("datadogsim: %w", err)
	}
	d.addr = listener.Addr().String()
	if d.tls != nil {
		listener = tls.NewListener(listener, d.tls)
	}
	d.listener = listener
	d.server = &http.Server{Handler: d.handler, ReadHeaderTimeout: 10 * time.Second}
	// Serve ends with ErrServerClosed when the door is shut.
	go func(server *http.Server) { _ = server.Serve(listener) }(d.server)
	return nil
}

// shut closes the listener and every connection.
func (d *door) shut() error {
	if d.server == nil {
		return nil
	}
	server := d.server
	d.server = nil
	if err := d.listener.Close(); err != nil {
		return fmt.Errorf("datadogsim: %w", err)
	}
	// It closes the listener once more.
	if err := server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("datadogsim: %w", err)
	}
	return nil
}
