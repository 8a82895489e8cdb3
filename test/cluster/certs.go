package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificateLife is how long every certificate is valid: longer than any cluster lives.
const certificateLife = 30 * 24 * time.Hour

// keyPair is a certificate and its private key, both PEM.
type keyPair struct{ cert, key []byte }

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pem  []byte // the certificate
}

// certificate says what an authority signs: a server's with addresses, or a client's with
// the groups that Kubernetes reads from its organizations.
type certificate struct {
	name   string
	groups []string
	dns    []string
	ips    []string
}

func newAuthority(name string) (*authority, error) {
	key, _, err := newKey() // it signs in memory, and is never written
	if err != nil {
		return nil, err
	}
	template, err := newTemplate(certificate{name: name})
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing the authority %s: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading back the authority %s: %w", name, err)
	}
	return &authority{cert: cert, key: key, pem: encode("CERTIFICATE", der)}, nil
}

// client signs a client certificate.
func (a *authority) client(c certificate) (keyPair, error) {
	return a.sign(c, x509.ExtKeyUsageClientAuth)
}

// server signs a server certificate.
func (a *authority) server(c certificate) (keyPair, error) {
	return a.sign(c, x509.ExtKeyUsageServerAuth)
}

func (a *authority) sign(c certificate, usage x509.ExtKeyUsage) (keyPair, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return keyPair{}, err
	}
	template, err := newTemplate(c)
	if err != nil {
		return keyPair{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return keyPair{}, fmt.Errorf("signing the certificate of %s: %w", c.name, err)
	}
	return keyPair{cert: encode("CERTIFICATE", der), key: keyPEM}, nil
}

func newTemplate(c certificate) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number for %s: %w", c.name, err)
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: c.name, Organization: c.groups},
		NotBefore:    now.Add(-time.Minute),
		NotAfter:     now.Add(certificateLife),
		DNSNames:     c.dns,
	}
	for _, ip := range c.ips {
		t.IPAddresses = append(t.IPAddresses, net.ParseIP(ip))
	}
	return t, nil
}

// newKey makes an ECDSA key: a fraction of the time that RSA takes.
func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding a key: %w", err)
	}
	return key, encode("EC PRIVATE KEY", der), nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// write stores the pair as dir/name.crt and dir/name.key, and returns both paths.
func (k keyPair) write(dir, name string) (certFile, keyFile string, err error) {
	certFile = filepath.Join(dir, name+".crt")
	keyFile = filepath.Join(dir, name+".key")
	if err := os.WriteFile(certFile, k.cert, 0o600); err != nil {
		return "", "", fmt.Errorf("writing the certificate of %s: %w", name, err)
	}
	if err := os.WriteFile(keyFile, k.key, 0o600); err != nil {
		return "", "", fmt.Errorf("writing the key of %s: %w", name, err)
	}
	return certFile, keyFile, nil
}
