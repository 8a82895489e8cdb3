package inventory

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// A client has a rate limit of its own: a burst of scale reads must not delay
// a watch or an Event. At a start each scale is read once, and until it is the
// HPA gets an error: client-go's default of 5/s would take half an hour for
// 10,000 workloads, and these are less than a minute's.
const (
	clientQPS   = 50
	clientBurst = 100
	scaleQPS    = 200
	scaleBurst  = 400
)

// newClients makes the clients from config, which it does not change.
func newClients(config *rest.Config) (*Clients, error) {
	base := rest.CopyConfig(config)
	base.QPS, base.Burst, base.RateLimiter = clientQPS, clientBurst, nil

	typed := rest.CopyConfig(base)
	typed.ContentType = runtime.ContentTypeProtobuf
	typed.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	core, err := kubernetes.NewForConfig(typed)
	if err != nil {
		return nil, fmt.Errorf("making the client for Pods and HPAs: %w", err)
	}
	meta, err := metadata.NewForConfig(base)
	if err != nil {
		return nil, fmt.Errorf("making the client for metadata: %w", err)
	}
	scales := rest.CopyConfig(base)
	scales.QPS, scales.Burst = scaleQPS, scaleBurst
	dyn, err := dynamic.NewForConfig(scales)
	if err != nil {
		return nil, fmt.Errorf("making the client for scales: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(base)
	if err != nil {
		return nil, fmt.Errorf("making the client for discovery: %w", err)
	}
	return &Clients{Core: core, Metadata: meta, Dynamic: dyn, Discovery: disco}, nil
}
