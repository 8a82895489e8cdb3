package cluster

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
)

// keys are the keys and certificates of one cluster. The files are what the processes read.
type keys struct {
	cluster    *authority // signs clients and servers
	frontProxy *authority // signs the aggregator, and nobody else

	clusterCAFile, frontProxyCAFile      string
	serverCertFile, serverKeyFile        string
	proxyCertFile, proxyKeyFile          string
	accountKeyFile, accountPublicKeyFile string
	admin                                keyPair
}

// frontProxyName is the name by which aggregated API servers know the aggregator.
const frontProxyName = "front-proxy-client"

// makeKeys makes everything that a control plane at the addresses a needs, in dir.
func makeKeys(dir string, a *addresses) (*keys, error) {
	k := &keys{}
	var err error
	if k.cluster, err = newAuthority("crest-test-ca"); err != nil {
		return nil, err
	}
	if k.frontProxy, err = newAuthority("crest-test-front-proxy-ca"); err != nil {
		return nil, err
	}
	if k.clusterCAFile, err = writeFile(dir, "ca.crt", k.cluster.pem); err != nil {
		return nil, err
	}
	if k.frontProxyCAFile, err = writeFile(dir, "front-proxy-ca.crt", k.frontProxy.pem); err != nil {
		return nil, err
	}
	if err := k.makePairs(dir, a); err != nil {
		return nil, err
	}
	return k, k.makeAccountKey(dir)
}

func (k *keys) makePairs(dir string, a *addresses) error {
	server, err := k.cluster.server(certificate{
		name: "kube-apiserver",
		dns:  []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		ips:  []string{a.control(), a.firstService(), "127.0.0.1"},
	})
	if err != nil {
		return err
	}
	if k.serverCertFile, k.serverKeyFile, err = server.write(dir, "apiserver"); err != nil {
		return err
	}
	proxy, err := k.frontProxy.client(certificate{name: frontProxyName})
	if err != nil {
		return err
	}
	if k.proxyCertFile, k.proxyKeyFile, err = proxy.write(dir, "front-proxy"); err != nil {
		return err
	}
	k.admin, err = k.cluster.client(certificate{name: "admin", groups: []string{"system:masters"}})
	return err
}

// makeAccountKey makes the key with which ServiceAccount tokens are signed.
func (k *keys) makeAccountKey(dir string) error {
	key, private, err := newKey()
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("encoding the public key of service accounts: %w", err)
	}
	if k.accountKeyFile, err = writeFile(dir, "service-accounts.key", private); err != nil {
		return err
	}
	k.accountPublicKeyFile, err = writeFile(dir, "service-accounts.pub", encode("PUBLIC KEY", public))
	return err
}

func writeFile(dir, name string, data []byte) (string, error) {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	return path, nil
}
