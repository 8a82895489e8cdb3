package datadog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadog"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// Client asks Datadog. It is safe for concurrent use.
type Client struct {
	api     *datadog.APIClient
	host    string
	timeout time.Duration
	scope   Scope
	apiKey  keySource
	appKey  keySource
	metrics *metrics
	budget  *budget
	batches *batchSize
	clock   *clockCheck
	now     func() time.Time
	// doubtful says that a call has timed out since the last round began, so
	// that the connections that it may have used may be dead.
	doubtful atomic.Bool
}

// New is a client of the API that the options name; it does not call it yet.
// The error lists everything that is wrong with the options.
func New(o Options) (*Client, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("configuring Datadog: %w", err)
	}
	base, err := o.baseURL()
	if err != nil {
		return nil, err
	}
	parsed, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("parsing the address of Datadog: %w", err)
	}
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("registering the metrics of Datadog: %w", err)
	}
	transport := o.Transport
	if transport == nil {
		transport = newTransport()
	}
	apiKey, appKey := o.keySources()
	return &Client{
		api:     newAPIClient(base, o.Timeout, transport),
		host:    parsed.Host,
		timeout: o.Timeout,
		scope:   o.scope(),
		apiKey:  apiKey,
		appKey:  appKey,
		metrics: m,
		budget:  newBudget(o.Interval, o.MaxAge, m, o.Log),
		batches: newBatchSize(o.MaxWorkloadsPerQuery, m, o.Log),
		clock:   &clockCheck{metrics: m, log: o.Log},
		now:     o.Now,
	}, nil
}

// Collect asks about all of the workloads, in as few calls as their number
// allows, a few at once. Each batch fails or succeeds by itself; together the
// batches hold each workload exactly once. The buckets are those that have
// ended by now. The Err of a batch is always an [*Error].
func (c *Client) Collect(ctx context.Context, workloads []utilization.Workload, now time.Time) []utilization.Batch {
	askable, rest := c.askable(workloads)
	parts := split(askable, c.batches.at(now))
	var batches []utilization.Batch
	if len(parts) > 0 {
		c.budget.plan(len(parts), now)
		batches = c.newRound(now).run(ctx, parts)
		c.budget.report(now)
	}
	if len(rest) > 0 {
		batches = append(batches, utilization.Batch{Workloads: rest, Err: &Error{
			Code: CodeUnaskable,
			Text: fmt.Sprintf("Datadog cannot be asked about %s: no kind of workload with a Datadog tag is called %q, or nothing in Kubernetes can have such a name",
				quote(rest[0].String()), quote(rest[0].Kind)),
		}})
	}
	return batches
}

// Pace is how often Collect may be called, and not before when (zero: at any
// time). The interval is the configured one, or longer, at most a third of
// MaxAge, if the rate limit that Datadog announces demands it.
func (c *Client) Pace(now time.Time) (interval time.Duration, notBefore time.Time) {
	return c.budget.pace(now)
}

// askable sorts the workloads, so that a batch has few namespaces and equal
// questions have equal texts, and sets those apart that cannot be asked about.
func (c *Client) askable(workloads []utilization.Workload) (askable, rest []utilization.Workload) {
	sorted := slices.Clone(workloads)
	slices.SortFunc(sorted, func(a, b utilization.Workload) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, w := range slices.Compact(sorted) {
		if c.scope.CanAsk(w) {
			askable = append(askable, w)
		} else {
			rest = append(rest, w)
		}
	}
	return askable, rest
}

// count publishes what became of a call.
func (c *Client) count(err error) {
	code := CodeOK
	if failure := (*Error)(nil); errors.As(err, &failure) {
		code = failure.Code
	}
	c.metrics.requests.WithLabelValues(string(code)).Inc()
}

// hopeless says that a failure is not the fault of the batch that met it: the
// next batch would meet it as well.
func (e *Error) hopeless() bool {
	switch e.Code {
	case CodeKeys, CodeDNS, CodeRefused, CodeTLS, CodeCanceled,
		statusCode(http.StatusUnauthorized), statusCode(http.StatusForbidden), statusCode(http.StatusTooManyRequests):
		return true
	default:
		return false
	}
}
