package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// mostSteps bounds Advance: from nothing to all is MakeCA, IssueLeaf, and what
// was left of before is dropped.
const mostSteps = 8

// Advance takes all steps that are due and returns the state after them, and
// the decisions, of which the last one is Nothing. The state is s itself when
// it is the only one.
func (p Policy) Advance(s State, t Trust, now time.Time) (State, []Decision, error) {
	var taken []Decision
	for range mostSteps {
		d := p.Next(s, t, now)
		taken = append(taken, d)
		if d.Step == Nothing {
			return s, taken, nil
		}
		var err error
		if s, err = p.take(d.Step, s, now); err != nil {
			return State{}, nil, fmt.Errorf("step %s, because of %s: %w", d.Step, d.Reason, err)
		}
	}
	return State{}, nil, fmt.Errorf("certificates do not come to rest: %v", taken)
}

// take takes one step. It shares nothing with s that it changes.
func (p Policy) take(step Step, s State, now time.Time) (State, error) {
	s.Trusted = slices.Clone(s.Trusted)
	switch step {
	case MakeCA:
		ca, err := p.newAuthority(now)
		if err != nil {
			return s, err
		}
		// What was trusted stays so until it ends: a replica that is cut off
		// may still serve what it signed.
		s = State{Signing: ca, Trusted: append([]*x509.Certificate{ca.cert}, s.Trusted...)}
		return p.issue(s, now)
	case IssueLeaf:
		return p.issue(s, now)
	case AddNextCA:
		ca, err := p.newAuthority(now)
		if err != nil {
			return s, err
		}
		s.Next, s.Trusted = ca, append(s.Trusted, ca.cert)
	case SwitchLeaf:
		s.Signing, s.Next = s.Next, nil
		rest := slices.DeleteFunc(s.Trusted, s.Signing.cert.Equal)
		s.Trusted = append([]*x509.Certificate{s.Signing.cert}, rest...)
		return p.issue(s, now)
	case DropOldCA:
		gone := useless(s, now)
		s.Trusted = slices.DeleteFunc(s.Trusted, func(c *x509.Certificate) bool { return slices.ContainsFunc(gone, c.Equal) })
		if !slices.ContainsFunc(s.Trusted, func(c *x509.Certificate) bool { return signed(c, s.LastOfOld) }) {
			s.LastOfOld = nil
		}
	case Nothing:
	}
	return s, nil
}

// newAuthority makes a CA. Its name tells it from the one before: some
// verifiers find an issuer by its name.
func (p Policy) newAuthority(now time.Time) (*Pair, error) {
	return sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "crest-ca@" + strconv.FormatInt(now.Unix(), 10)},
		NotBefore:             now.Add(-backdate(p.CALife)),
		NotAfter:              now.Add(p.CALife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}, nil)
}

// issue has the CA sign another serving certificate, which is not valid before
// the CA nor after it.
func (p Policy) issue(s State, now time.Time) (State, error) {
	ca := s.Signing.cert
	leaf, err := sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "crest-adapter"}, // verifiers read the DNS names
		DNSNames:    p.Names,
		NotBefore:   latest(now.Add(-backdate(p.Life)), ca.NotBefore),
		NotAfter:    earliest(now.Add(p.Life), ca.NotAfter),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, s.Signing)
	if err != nil {
		return s, err
	}
	if s.Serving != nil && !signed(ca, s.Serving.cert) {
		s.LastOfOld = s.Serving.cert
	}
	s.Serving = leaf
	s.Unusable = nil
	return s, nil
}

// sign makes a key and a certificate for it; without a CA it signs itself. The
// serial number is random.
func sign(template *x509.Certificate, ca *Pair) (*Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	parent, signer := template, crypto.Signer(key)
	if ca != nil {
		parent, signer = ca.cert, ca.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate that was just signed: %w", err)
	}
	return &Pair{cert: made, key: key}, nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
