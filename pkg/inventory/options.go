package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// Kind maps a selector's key to a kind of workload.
type Kind struct {
	// Key is what a selector says, such as "deployment".
	Key string
	// APIVersion and Kind are those of the objects, such as "apps/v1" and
	// "Deployment". The kind must have a scale subresource.
	APIVersion, Kind string
}

// MetricNames are the external metrics that an HPA may use of Crest.
type MetricNames struct {
	// Max is the maximum over containers, one item.
	Max string
	// Container is one item a container.
	Container string
	// PodAverage is the plain average over Pods, one item.
	PodAverage string
}

// Clients are the clients of the API server that the inventory needs.
type Clients struct {
	Core      kubernetes.Interface
	Metadata  metadata.Interface
	Dynamic   dynamic.Interface
	Discovery Discovery
}

// Discovery says what a group and version serves.
type Discovery interface {
	ServerResourcesForGroupVersionWithContext(ctx context.Context, groupVersion string) (*metav1.APIResourceList, error)
}

// Options are what an Inventory is made of.
type Options struct {
	// Config reaches the API server. It is not needed when Clients is set.
	Config *rest.Config
	// Clients replaces the clients that are made from Config.
	Clients *Clients
	// Kinds are the configured kinds of workload.
	Kinds []Kind
	// Metrics are the names by which HPAs use Crest.
	Metrics MetricNames
	// Parse reads a metric's selector in a namespace. Where the selector
	// names the workload of an HPA, that HPA's name comes back, and the
	// name of the selection's workload is empty.
	Parse func(namespace string, selector labels.Selector) (sel utilization.Selection, hpa string, err error)
	// Remember is how far back the number of Ready Pods is remembered: the
	// oldest begin of a sample that may still be served.
	Remember time.Duration
	// MaxAge is for how long what was seen last of the cluster is believed
	// while no watch tells of changes.
	MaxAge time.Duration

	Registerer prometheus.Registerer
	Log        logr.Logger
	// Now is the clock.
	Now func() time.Time
}

func (o *Options) validate() error {
	var errs []error
	if o.Config == nil && o.Clients == nil {
		errs = append(errs, errors.New("neither a client configuration nor clients are given"))
	}
	if o.Parse == nil || o.Now == nil || o.Registerer == nil {
		errs = append(errs, errors.New("a selector parser, a clock and a registerer are needed"))
	}
	if o.Remember <= 0 {
		errs = append(errs, fmt.Errorf("counts of Ready Pods would be remembered for %v; it must be longer than 0", o.Remember))
	}
	if o.MaxAge <= 0 {
		errs = append(errs, fmt.Errorf("what is known of the cluster would be believed for %v; it must be longer than 0", o.MaxAge))
	}
	if o.Metrics.Max == "" || o.Metrics.Container == "" || o.Metrics.PodAverage == "" {
		errs = append(errs, errors.New("the names of the metrics are not given"))
	}
	seen := map[string]bool{}
	for _, k := range o.Kinds {
		if _, err := schema.ParseGroupVersion(k.APIVersion); err != nil {
			errs = append(errs, fmt.Errorf("workload kind %q: %w", k.Key, err))
		}
		if seen[k.Key] {
			errs = append(errs, fmt.Errorf("workload kind %q is configured twice", k.Key))
		}
		seen[k.Key] = true
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("inventory: %w", err)
	}
	return nil
}
