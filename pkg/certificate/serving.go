package certificate

import (
	"bytes"
	"slices"
	"sync"

	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// Serving is the pair that the server presents: a
// dynamiccertificates.CertKeyContentProvider. Its zero value has none yet.
type Serving struct {
	mu        sync.Mutex
	cert, key []byte
	listeners []dynamiccertificates.Listener
	// has is closed when there is a pair.
	has chan struct{}
}

var _ dynamiccertificates.CertKeyContentProvider = (*Serving)(nil)

func newServing() *Serving { return &Serving{has: make(chan struct{})} }

// Name says what it is.
func (*Serving) Name() string { return "the certificate that Crest keeps in its Secret" }

// CurrentCertKeyContent is the pair as PEM; empty while there is none.
func (s *Serving) CurrentCertKeyContent() (certPEM, keyPEM []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cert, s.key
}

// AddListener tells a listener of each change from now on.
func (s *Serving) AddListener(l dynamiccertificates.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, l)
}

// set presents this pair from now on, and says whether it is another one.
func (s *Serving) set(certPEM, keyPEM []byte) bool {
	s.mu.Lock()
	if bytes.Equal(s.cert, certPEM) && bytes.Equal(s.key, keyPEM) {
		s.mu.Unlock()
		return false
	}
	if s.cert == nil {
		close(s.has)
	}
	s.cert, s.key = certPEM, keyPEM
	listeners := slices.Clone(s.listeners)
	s.mu.Unlock()
	for _, l := range listeners {
		l.Enqueue()
	}
	return true
}
