package datadog

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// unreachable explains a call that brought no answer, or not all of one.
func (c *Client) unreachable(ctx context.Context, err error, k keys) *Error {
	cause := err
	// The outer error repeats method and URL, which help nobody.
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		cause = outer.Err
	}
	code := networkCode(ctx, err)
	said := quote(cause.Error(), k.secrets()...)
	var text string
	switch code {
	case CodeCanceled:
		text = fmt.Sprintf("the call to Datadog (%s) was given up because Crest stops", c.host)
	case CodeTimeout:
		text = fmt.Sprintf("Datadog (%s) did not answer within datadog.timeout, %s (%s): large queries take long, so the next one is for fewer workloads; "+
			"or egress is blocked", c.host, c.timeout, said)
	case CodeDNS:
		text = fmt.Sprintf("the name of Datadog's API, %s, does not resolve (%s): check datadog.site, the cluster's DNS and its egress policy", c.host, said)
	case CodeRefused:
		text = fmt.Sprintf("%s refuses connections (%s): check datadog.url, HTTPS_PROXY and egress policy", c.host, said)
	case CodeTLS:
		text = fmt.Sprintf("no trusted TLS connection to Datadog (%s) is possible (%s): if a proxy intercepts it, Crest must trust the proxy's CA (SSL_CERT_FILE)", c.host, said)
	default:
		text = fmt.Sprintf("the connection to Datadog (%s) failed (%s): check the network, HTTPS_PROXY and egress policy", c.host, said)
	}
	return &Error{Code: code, Text: text, Err: err}
}

// networkCode tells the failures of a connection apart.
func networkCode(ctx context.Context, err error) Code {
	var (
		resolve     *net.DNSError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		timeout     net.Error
	)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return CodeCanceled
	case errors.As(err, &resolve):
		return CodeDNS
	case errors.Is(err, syscall.ECONNREFUSED):
		return CodeRefused
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname), errors.As(err, &record), errors.As(err, &alert),
		errors.Is(err, http.ErrSchemeMismatch):
		return CodeTLS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return CodeTimeout
	default:
		return CodeNetwork
	}
}

// beforeAnswer says that a call failed before it had a connection, so that
// nothing is learned from it about the query.
func beforeAnswer(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// refused explains a response whose status is not 200.
func (c *Client) refused(response *http.Response, body []byte, k keys) *Error {
	text := fmt.Sprintf("Datadog (%s) answered %d %s", c.host, response.StatusCode, http.StatusText(response.StatusCode))
	if said := quote(refusalText(body), k.secrets()...); said != "" {
		text += fmt.Sprintf(" (%q)", said)
	}
	return &Error{Code: statusCode(response.StatusCode), Text: redact(text+": "+c.remedy(response), k.secrets()...)}
}

// refusalText is what the body of a refusal says: its "errors", if it has
// them, else the body itself, unless that is a page of HTML.
func refusalText(body []byte) string {
	var parsed struct {
		Errors json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &parsed) == nil && len(parsed.Errors) > 0 {
		return errorsIn(parsed.Errors)
	}
	if trimmed := bytes.TrimSpace(body); bytes.HasPrefix(trimmed, []byte("<")) {
		return "a page of HTML"
	}
	return string(body)
}

// remedy is what to do about a status.
func (c *Client) remedy(response *http.Response) string {
	switch status := response.StatusCode; {
	case status == http.StatusBadRequest:
		return "it does not understand the query; check datadog.usageMetric, datadog.clusterTag and the tags of workloads"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "a key is wrong or of another site than " + c.host + ", or the application key lacks the permission timeseries_query"
	case status == http.StatusNotFound:
		return "there is no such API here; check datadog.site and datadog.url"
	case status == http.StatusUnprocessableEntity:
		return fmt.Sprintf("it has no data for the query; is datadog.clusterName right (%s=%q)?", c.scope.ClusterTag, c.scope.ClusterName)
	case status == http.StatusTooManyRequests:
		return c.remedyOfLimit(response.Header)
	case status == http.StatusRequestEntityTooLarge:
		return "the query is too large; lower datadog.maxWorkloadsPerQuery"
	case status >= 300 && status < 400:
		return fmt.Sprintf("a redirect to %q is not followed, because the keys would be; check datadog.site and datadog.url", quote(redirectHost(response)))
	case status >= 500:
		return "the fault is Datadog's or a proxy's; see https://status.datadoghq.com"
	default:
		return "that is no answer to a query; check datadog.site and datadog.url"
	}
}

func (c *Client) remedyOfLimit(header http.Header) string {
	name, when := "a rate limit", "says not when it resets"
	if n := quote(header.Get("X-RateLimit-Name")); n != "" {
		name = fmt.Sprintf("the rate limit %q", n)
	}
	if reset, ok := seconds(header, "X-RateLimit-Reset"); ok {
		when = "resets in " + reset.String()
	}
	return name + " of your organization is used up and " + when + "; raise datadog.interval, or ask Datadog for a higher limit"
}

// redirectHost is where a redirect leads, without the query, which may hold
// what must not be repeated.
func redirectHost(response *http.Response) string {
	location, err := response.Location()
	if err != nil {
		return "nowhere"
	}
	return location.Scheme + "://" + location.Host
}
