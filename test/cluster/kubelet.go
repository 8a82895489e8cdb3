package cluster

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
)

// kubelet is the one TLS server that answers for the kubelets of all nodes.
type kubelet struct {
	server *http.Server
	port   int32
}

// serveKubelet serves handler over TLS on a free port of ip, with a certificate of ca.
func serveKubelet(ctx context.Context, handler http.Handler, ip string, ca *authority) (*kubelet, error) {
	pair, err := ca.server(certificate{name: "kubelet", ips: []string{ip}})
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(pair.cert, pair.key)
	if err != nil {
		return nil, fmt.Errorf("reading back the kubelet's certificate: %w", err)
	}
	listener, err := listen(ctx, net.JoinHostPort(ip, "0"))
	if err != nil {
		return nil, fmt.Errorf("listening for the kubelets: %w", err)
	}
	_, text, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("reading the kubelets' address: %w", err)
	}
	port, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the kubelets' port: %w", err)
	}
	k := &kubelet{
		// A client that goes away in the middle is metrics-server being stopped: no news.
		server: &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)},
		port:   int32(port),
	}
	k.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	go func() { _ = k.server.ServeTLS(listener, "", "") }()
	return k, nil
}

func (k *kubelet) close() { _ = k.server.Close() }
