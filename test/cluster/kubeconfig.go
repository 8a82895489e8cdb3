package cluster

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// identity is how a client proves who it is: with a certificate or with a token.
type identity struct {
	pair  keyPair
	token string
}

// restConfig is a client configuration for the API server.
func (c *Cluster) restConfig(id identity) *rest.Config {
	return &rest.Config{
		Host:        c.server,
		BearerToken: id.token,
		TLSClientConfig: rest.TLSClientConfig{
			CAData:   c.keys.cluster.pem,
			CertData: id.pair.cert,
			KeyData:  id.pair.key,
		},
		// The harness waits by asking often; it must not be the one that is throttled.
		QPS:   500,
		Burst: 1000,
	}
}

// writeKubeconfig writes dir/name.kubeconfig, with everything in the one file.
func (c *Cluster) writeKubeconfig(name string, id identity) (string, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters["crest-test"] = &clientcmdapi.Cluster{
		Server:                   c.server,
		CertificateAuthorityData: c.keys.cluster.pem,
	}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: id.pair.cert,
		ClientKeyData:         id.pair.key,
		Token:                 id.token,
	}
	config.Contexts["crest-test"] = &clientcmdapi.Context{Cluster: "crest-test", AuthInfo: name}
	config.CurrentContext = "crest-test"

	path := filepath.Join(c.dir, name+".kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return "", fmt.Errorf("writing the kubeconfig of %s: %w", name, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return "", fmt.Errorf("protecting the kubeconfig of %s: %w", name, err)
	}
	return path, nil
}

// clientKubeconfig signs a client certificate and writes a kubeconfig with it.
func (c *Cluster) clientKubeconfig(name string, groups ...string) (string, error) {
	pair, err := c.keys.cluster.client(certificate{name: name, groups: groups})
	if err != nil {
		return "", err
	}
	return c.writeKubeconfig(name, identity{pair: pair})
}
