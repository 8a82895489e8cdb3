package datadog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadog"
)

const (
	// operation is the client's name of the endpoint, path is its own.
	operation = "v2.MetricsApi.QueryTimeseriesData"
	path      = "/api/v2/query/timeseries"

	// mostAnswer bounds the body of an answer: 30,000 series are 11 MB.
	mostAnswer = 64 << 20
	// mostRefusal bounds the body of any other response, of which only the
	// beginning is repeated.
	mostRefusal = 64 << 10
)

// newAPIClient is Datadog's client for the API at base.
func newAPIClient(base string, timeout time.Duration, transport http.RoundTripper) *datadog.APIClient {
	cfg := datadog.NewConfiguration()
	cfg.Servers = datadog.ServerConfigurations{{URL: base}}
	// The client's own retries sleep inside the call and cover no failure of
	// the transport; a collector that knows the interval does it better.
	cfg.RetryConfiguration.EnableRetry = false
	cfg.HTTPClient = &http.Client{
		Transport: transport,
		// The client's default is none at all.
		Timeout: timeout,
		// A redirect would carry the keys, which are ordinary headers, to
		// whatever host it names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return datadog.NewAPIClient(cfg)
}

// newTransport is the transport of calls to one host, two or three at once.
func newTransport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	transport := standard.Clone()
	transport.MaxIdleConnsPerHost = inParallel
	transport.DialContext = (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	transport.TLSHandshakeTimeout = 5 * time.Second
	// All calls share one HTTP/2 connection. When a NAT gateway forgets it,
	// nothing says so, and TCP takes a quarter of an hour to give it up.
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second}
	return transport
}

// reconnect has the next calls make connections of their own. Nothing may be on
// its way. The old connections end with their last streams, which nobody hears
// of; until then they are not idle, and closing those that are is not enough.
func (c *Client) reconnect() {
	client := c.api.Cfg.HTTPClient
	if old, ok := client.Transport.(*http.Transport); ok {
		client.Transport = old.Clone()
		defer old.CloseIdleConnections()
	}
}

// post sends one request and gives the response, whose body the caller closes.
func (c *Client) post(ctx context.Context, k keys, body []byte) (*http.Response, error) {
	ctx = context.WithValue(ctx, datadog.ContextAPIKeys, map[string]datadog.APIKey{
		"apiKeyAuth": {Key: k.api},
		"appKeyAuth": {Key: k.app},
	})
	base, err := c.api.Cfg.ServerURLWithContext(ctx, operation)
	if err != nil {
		return nil, fmt.Errorf("finding the address of the API: %w", err)
	}
	headers := map[string]string{"Content-Type": "application/json", "Accept": "application/json"}
	datadog.SetAuthKeys(ctx, &headers, [2]string{"apiKeyAuth", "DD-API-KEY"}, [2]string{"appKeyAuth", "DD-APPLICATION-KEY"})
	request, err := c.api.PrepareRequest(ctx, base+path, http.MethodPost, body, headers, url.Values{}, url.Values{}, nil)
	if err != nil {
		return nil, fmt.Errorf("preparing the request: %w", err)
	}
	return c.api.CallAPI(request)
}

// errTooLarge is a body that goes on beyond its limit.
var errTooLarge = errors.New("the body is too large")

// readBody reads at most limit bytes; a longer body is errTooLarge, together
// with its beginning.
func readBody(body io.Reader, limit int64) ([]byte, error) {
	read, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err == nil && int64(len(read)) > limit {
		return read[:limit], errTooLarge
	}
	return read, err
}

// call puts the question q once and reads what comes back. now is when it is
// put. The error is always an [*Error].
func (c *Client) call(ctx context.Context, k keys, q Query, now time.Time) (Usage, error) {
	body, err := q.Body()
	if err != nil {
		return nil, &Error{Code: CodeUnaskable, Text: err.Error(), Err: err}
	}
	watch := startStopwatch(c.now)
	defer func() { c.metrics.duration.Observe(watch.elapsed().Seconds()) }()
	response, err := c.post(ctx, k, body)
	if err != nil {
		return nil, c.unreachable(ctx, err, k)
	}
	defer response.Body.Close() //nolint:errcheck // what was read is what counts
	receipt := now.Add(watch.elapsed())
	c.budget.see(response.StatusCode, response.Header, receipt)
	c.clock.see(response.Header, receipt)
	if response.StatusCode != http.StatusOK {
		// A refusal without its text is a refusal all the same.
		said, _ := readBody(response.Body, mostRefusal)
		return nil, c.refused(response, said, k)
	}
	answer, err := readBody(response.Body, mostAnswer)
	if errors.Is(err, errTooLarge) {
		return nil, &Error{Code: CodeTooLarge, Err: err, Text: fmt.Sprintf("Datadog's answer is larger than %d MiB; lower datadog.maxWorkloadsPerQuery", mostAnswer>>20)}
	}
	if err != nil {
		return nil, c.unreachable(ctx, err, k)
	}
	return q.Decode(answer, k.secrets()...)
}
