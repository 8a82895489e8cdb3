package faults

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// site is the Datadog site of the adapter behind the proxy. The name is
// reserved for examples: nobody resolves it.
const site = "crest.example"

// credentials are the certificates that the end of the way can show, and the
// file with the one authority that the adapter trusts.
type credentials struct {
	shown            map[wayState]*tls.Certificate
	dir, authorities string
}

func newCredentials() (*credentials, error) {
	ours, err := newAuthority()
	if err != nil {
		return nil, err
	}
	theirs, err := newAuthority()
	if err != nil {
		return nil, err
	}
	c := &credentials{shown: map[wayState]*tls.Certificate{}}
	for state, leaf := range map[wayState]struct {
		by   *tls.Certificate
		host string
		ends time.Duration
	}{
		open:      {ours, "api." + site, time.Hour},
		unknown:   {theirs, "api." + site, time.Hour},
		expired:   {ours, "api." + site, -time.Minute},
		ofAnother: {ours, "api.other.example", time.Hour},
	} {
		if c.shown[state], err = sign(leaf.by, leaf.host, leaf.ends); err != nil {
			return nil, err
		}
	}
	if c.dir, err = os.MkdirTemp("", "crest-authorities-"); err != nil {
		return nil, fmt.Errorf("making a directory for the authority: %w", err)
	}
	c.authorities = filepath.Join(c.dir, "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ours.Leaf.Raw})
	if err := os.WriteFile(c.authorities, text, 0o600); err != nil {
		return nil, fmt.Errorf("writing the authority: %w", err)
	}
	return c, nil
}

// tls is the simulator's: it shows the certificate of the present state.
func (w *way) tls() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		state, _, _ := w.now()
		if c := w.shown[state]; c != nil {
			return c, nil
		}
		return w.shown[open], nil
	}}
}

// newAuthority is one that signs itself, for an hour.
func newAuthority() (*tls.Certificate, error) {
	return sign(nil, "", time.Hour)
}

// sign makes a certificate of a host that ends so long from now. An authority,
// which nobody signs, is of no host.
func sign(by *tls.Certificate, host string, ends time.Duration) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(ends),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	parent, signer := template, crypto.PrivateKey(key)
	if by == nil {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
		template.Subject.CommonName = "authority " + serial.String()
	} else {
		template.DNSNames = []string{host}
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate of %q: %w", host, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of %q back: %w", host, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
