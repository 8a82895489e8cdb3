package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// A cluster lives in one of these second octets: 127.96.0.0/16, 127.97.0.0/16, and so on.
const (
	firstOctet = 96
	lastOctet  = 127
	claimPort  = 10249
)

// addresses are the loopback addresses of one cluster, 127.N.0.0/16:
//
//	127.N.0.0/17      Services (127.N.0.1 is kubernetes.default)
//	127.N.128–254.x   handed out by next: Pods that run, and processes that no Service names
//	127.N.255.1       the control plane and the kubelets, each with a port of its own
//	127.N.255.254     held open to claim the range against other clusters on this machine
type addresses struct {
	octet int
	claim net.Listener

	mu   sync.Mutex
	last int
}

// claimAddresses takes the first range that no other cluster on this machine holds.
func claimAddresses(ctx context.Context) (*addresses, error) {
	var errs []error
	for octet := firstOctet; octet <= lastOctet; octet++ {
		l, err := listen(ctx, fmt.Sprintf("127.%d.255.254:%d", octet, claimPort))
		if err == nil {
			return &addresses{octet: octet, claim: l}, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no free range among 127.%d.0.0/16 to 127.%d.0.0/16 (the harness needs Linux, where all of 127.0.0.0/8 is local): %w",
		firstOctet, lastOctet, errors.Join(errs...))
}

func (a *addresses) release() { _ = a.claim.Close() }

func (a *addresses) serviceRange() string { return fmt.Sprintf("127.%d.0.0/17", a.octet) }
func (a *addresses) firstService() string { return fmt.Sprintf("127.%d.0.1", a.octet) }
func (a *addresses) control() string      { return fmt.Sprintf("127.%d.255.1", a.octet) }

// next is an address that no Service and no other process of this cluster has.
func (a *addresses) next() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	return fmt.Sprintf("127.%d.%d.%d", a.octet, 128+a.last/256, a.last%256)
}

// publishedOctet begins the addresses by which the API knows those of next: it refuses
// loopback addresses in EndpointSlices. They are of RFC 6598, which nothing here routes.
const publishedOctet = 100

// publish is the address by which the API knows ip, one of next.
func (a *addresses) publish(ip string) string {
	b := net.ParseIP(ip).To4()
	return fmt.Sprintf("%d.%d.%d.%d", publishedOctet, b[1], b[2], b[3])
}

// behind is the address that publish made this one of; false if it did not.
func (a *addresses) behind(published string) (string, bool) {
	b := net.ParseIP(published).To4()
	if b == nil || b[0] != publishedOctet || int(b[1]) != a.octet {
		return "", false
	}
	return fmt.Sprintf("127.%d.%d.%d", b[1], b[2], b[3]), true
}

// freePort is a port of the control plane's address on which nobody listens. Nobody else
// uses that address, so it stays free until the process for which it is meant takes it.
func (a *addresses) freePort(ctx context.Context) (string, error) {
	l, err := listen(ctx, net.JoinHostPort(a.control(), "0"))
	if err != nil {
		return "", fmt.Errorf("finding a free port on %s: %w", a.control(), err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		return "", fmt.Errorf("releasing the free port %s: %w", l.Addr(), err)
	}
	return port, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp4", address)
}
