package answers

import (
	"context"
	"fmt"
	"time"

	"github.com/crest-hpa/crest/test/bench/load"
	"github.com/crest-hpa/crest/test/cluster"
)

// apiService is the one registration of the API in a cluster.
const apiService = "v1beta1.external.metrics.k8s.io"

// throughAPIServer is how an HPA controller asks kube-apiserver.
func (b *setting) throughAPIServer(ctx context.Context) (load.Server, error) {
	token, err := b.stage.Cluster.TokenFor(ctx, controllerNamespace, controller)
	if err != nil {
		return load.Server{}, err
	}
	config := b.stage.Cluster.Admin()
	config.CertData, config.KeyData = nil, nil // the token says who asks
	secure, err := tlsOf(config)
	return load.Server{URL: config.Host, TLS: secure, Header: map[string][]string{"Authorization": {"Bearer " + token}}}, err
}

// register has the aggregator lead to a server, and waits until all clients are answered by it.
func (b *setting) register(ctx context.Context, s server, clients *load.Clients) error {
	service := cluster.AdapterName
	if s.name == floorName {
		service = floorName
	}
	patch := fmt.Sprintf(`{"spec":{"service":{"name":%q}}}`, service)
	if _, err := b.stage.Cluster.Kubectl(ctx, "patch", "apiservice", apiService, "--type=merge", "--patch", patch); err != nil {
		return err
	}
	return eventually(ctx, time.Minute, "the aggregator leads to "+s.name, func(ctx context.Context) error {
		return b.oneWorkload(ctx, s, clients, 2*atOnce)
	})
}
