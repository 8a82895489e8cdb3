package certificate

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// The keys of the Secret. All values are PEM.
const (
	// servingCert and servingKey are the serving pair, by the names of a
	// Secret of type kubernetes.io/tls.
	servingCert = "tls.crt"
	servingKey  = "tls.key"
	// trustedCerts are the CAs to trust: the one that signs first, then the
	// next or the one before.
	trustedCerts = "ca.crt"
	// signingKey and nextKey are the keys of two CAs in trustedCerts.
	signingKey = "ca.key"
	nextKey    = "next-ca.key"
	// lastOfOld is the last certificate that the CA before signed, without key.
	lastOfOld = "previous-tls.crt"
)

func secretKeys() []string {
	return []string{servingCert, servingKey, trustedCerts, signingKey, nextKey, lastOfOld}
}

// Pair is a certificate and its private key. The key is never printed: the
// fields are the package's own.
type Pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// String names the certificate, and keeps the key to itself.
func (p *Pair) String() string {
	if p == nil {
		return "none"
	}
	return p.cert.Subject.CommonName
}

// GoString is String, for %#v.
func (p *Pair) GoString() string { return p.String() }

// State is the content of the Secret.
type State struct {
	// Serving is what is served; nil if it is missing or unusable.
	Serving *Pair
	// Signing is the CA that signs; nil if it, or its key, is missing or unusable.
	Signing *Pair
	// Next is the CA that will sign once callers trust it; mostly nil.
	Next *Pair
	// Trusted are the CAs that callers are to trust, Signing and Next among them.
	Trusted []*x509.Certificate
	// LastOfOld is the last certificate of the CA that signed before; nil if
	// there was none.
	LastOfOld *x509.Certificate
	// Unusable are the Secret's keys whose values cannot be used: they are
	// not what they should be, or do not belong to their certificate.
	Unusable []string
}

// Parse reads the data of the Secret. What it cannot use is as if it were not
// there, and is named in State.Unusable.
func Parse(data map[string][]byte) State {
	var s State
	unless := func(ok bool, key string) {
		if !ok && len(data[key]) > 0 {
			s.Unusable = append(s.Unusable, key)
		}
	}
	cas, err := cert.ParseCertsPEM(data[trustedCerts])
	cas = slices.DeleteFunc(cas, func(c *x509.Certificate) bool { return !c.IsCA })
	unless(err == nil && len(cas) > 0, trustedCerts)
	s.Trusted = cas

	s.Signing = authority(cas, data[signingKey])
	unless(s.Signing != nil, signingKey)
	s.Next = authority(cas, data[nextKey])
	unless(s.Next != nil, nextKey)

	s.Serving = servingPair(data[servingCert], data[servingKey])
	unless(s.Serving != nil, servingCert)

	if old, err := cert.ParseCertsPEM(data[lastOfOld]); err == nil {
		s.LastOfOld = old[0]
	}
	unless(s.LastOfOld != nil, lastOfOld)
	return s
}

// authority is the CA among cas that a key belongs to.
func authority(cas []*x509.Certificate, key []byte) *Pair {
	parsed, err := keyutil.ParsePrivateKeyPEM(key)
	if err != nil {
		return nil
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil
	}
	for _, c := range cas {
		if public.Equal(c.PublicKey) {
			return &Pair{cert: c, key: signer}
		}
	}
	return nil
}

func servingPair(certPEM, keyPEM []byte) *Pair {
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil
	}
	return &Pair{cert: pair.Leaf, key: signer}
}

// Encode is the state as data of the Secret; Parse reads it back. What is nil
// has no key in it.
func (s State) Encode() (map[string][]byte, error) {
	data := map[string][]byte{}
	for key, certs := range map[string][]*x509.Certificate{
		trustedCerts: s.Trusted, servingCert: certOf(s.Serving), lastOfOld: nonNil(s.LastOfOld),
	} {
		if len(certs) == 0 {
			continue
		}
		text, err := cert.EncodeCertificates(certs...)
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", key, err)
		}
		data[key] = text
	}
	for key, pair := range map[string]*Pair{servingKey: s.Serving, signingKey: s.Signing, nextKey: s.Next} {
		if pair == nil {
			continue
		}
		text, err := keyutil.MarshalPrivateKeyToPEM(pair.key)
		if err != nil {
			return nil, fmt.Errorf("encoding %s, a private key of type %T", key, pair.key) // err may quote what it could not encode
		}
		data[key] = text
	}
	return data, nil
}

func certOf(p *Pair) []*x509.Certificate {
	if p == nil {
		return nil
	}
	return nonNil(p.cert)
}

func nonNil(c *x509.Certificate) []*x509.Certificate {
	if c == nil {
		return nil
	}
	return []*x509.Certificate{c}
}

// olds are the CAs that are trusted and sign no more.
func (s State) olds() []*x509.Certificate {
	var found []*x509.Certificate
	for _, c := range s.Trusted {
		if !s.Signing.is(c) && !s.Next.is(c) {
			found = append(found, c)
		}
	}
	return found
}

// is says whether c is the certificate of this pair, which may be nil.
func (p *Pair) is(c *x509.Certificate) bool { return p != nil && p.cert.Equal(c) }

// signed says whether a CA signed this certificate.
func signed(ca, c *x509.Certificate) bool { return c != nil && c.CheckSignatureFrom(ca) == nil }
