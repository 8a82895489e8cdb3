package cluster

import (
	"net/http"

	"k8s.io/client-go/rest"
)

// AggregatorConfig is a client configuration that speaks to the adapter itself as the API
// server's aggregator does: with its certificate. Who asks is said by AskedBy.
func (a *Adapter) AggregatorConfig() *rest.Config {
	config := a.RESTConfig("")
	config.CertFile, config.KeyFile = a.cluster.keys.proxyCertFile, a.cluster.keys.proxyKeyFile
	return config
}

// AskedBy are the headers by which the aggregator says for whom it asks: for this
// ServiceAccount.
func AskedBy(namespace, account string) http.Header {
	return http.Header{
		"X-Remote-User":  {"system:serviceaccount:" + namespace + ":" + account},
		"X-Remote-Group": {"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
}
