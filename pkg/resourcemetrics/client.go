package resourcemetrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
	typedv1beta1 "k8s.io/metrics/pkg/client/clientset/versioned/typed/metrics/v1beta1"

	"github.com/crest-hpa/crest/pkg/utilization"
)

const (
	// defaultTimeout bounds one LIST.
	defaultTimeout = 10 * time.Second
	// parallel is how many namespaces are listed side by side.
	parallel = 8
	// One call a namespace every 15 seconds must not wait for client-go's
	// default of 5/s.
	clientQPS, clientBurst = 100, 200
)

// Options are what a Client is made of.
type Options struct {
	// Config reaches the API server.
	Config *rest.Config
	// Timeout bounds each call; 10 s by default.
	Timeout    time.Duration
	Registerer prometheus.Registerer
	Log        logr.Logger
	// Now is the clock, by which calls are measured.
	Now func() time.Time
}

// Client reads the metrics of Pods.
type Client struct {
	rest    rest.Interface
	timeout time.Duration
	log     logr.Logger
	now     func() time.Time
	metrics *metrics
	// dropping says that the last collection had unusable Pods.
	dropping atomic.Bool
}

// New makes a client; it calls nobody yet.
func New(o Options) (*Client, error) {
	if o.Config == nil || o.Registerer == nil || o.Now == nil {
		return nil, errors.New("resourcemetrics: a client configuration, a registerer and a clock are needed")
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	config := rest.CopyConfig(o.Config)
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	config.QPS, config.Burst, config.RateLimiter = clientQPS, clientBurst, nil
	client, err := typedv1beta1.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("resourcemetrics: making the client of metrics.k8s.io: %w", err)
	}
	metrics, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("resourcemetrics: registering metrics: %w", err)
	}
	return &Client{rest: client.RESTClient(), timeout: o.Timeout, log: o.Log, now: o.Now, metrics: metrics}, nil
}

// Collect lists the Pods' metrics of each namespace, some side by side. Each
// namespace fails on its own; only where the whole API does not answer, and
// has not answered for any namespace of this collection, those that were not
// asked yet share the error instead of waiting for a timeout each.
func (c *Client) Collect(ctx context.Context, namespaces []string) map[string]utilization.NamespaceUsage {
	all := slices.Clone(namespaces)
	slices.Sort(all)
	all = slices.Compact(all)

	results := make([]utilization.NamespaceUsage, len(all))
	var (
		next, dropped atomic.Int64
		answered      atomic.Bool
		down          atomic.Pointer[error]
		workers       sync.WaitGroup
	)
	for range min(parallel, len(all)) {
		workers.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= len(all) {
					return
				}
				if err := down.Load(); err != nil && !answered.Load() {
					results[n].Err = *err
					continue
				}
				pods, bad, err := c.list(ctx, all[n])
				dropped.Add(int64(bad))
				results[n] = utilization.NamespaceUsage{Pods: pods, Err: err}
				switch {
				case err == nil:
					answered.Store(true)
				case concernsAll(err):
					down.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	workers.Wait()
	c.reportDropped(int(dropped.Load()))

	out := make(map[string]utilization.NamespaceUsage, len(all))
	for n, namespace := range all {
		out[namespace] = results[n]
	}
	return out
}

// list reads one namespace.
func (c *Client) list(ctx context.Context, namespace string) (pods map[string]utilization.PodUsage, dropped int, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	begin := c.now()
	var list metricsv1beta1.PodMetricsList
	// client-go would sleep as a Retry-After says, here inside the loop that
	// collects everything else; the next collection is the retry.
	err = c.rest.Get().Namespace(namespace).Resource("pods").MaxRetries(0).Do(ctx).Into(&list)
	c.metrics.observe(codeOf(err), c.now().Sub(begin))
	if err != nil {
		return nil, 0, explain(err, namespace, c.timeout)
	}
	pods, dropped = decode(&list)
	return pods, dropped, nil
}

// reportDropped logs when Pods' metrics become, or stop being, unusable.
func (c *Client) reportDropped(dropped int) {
	if was := c.dropping.Swap(dropped > 0); was == (dropped > 0) {
		return
	}
	if dropped > 0 {
		c.log.Info("metrics.k8s.io has Pods whose metrics cannot be used (no time, no window, or an impossible usage); they are ignored", "pods", dropped)
	} else {
		c.log.Info("All Pods' metrics of metrics.k8s.io can be used again")
	}
}
