package resourcemetrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const (
	api = "metrics.k8s.io/v1beta1"
	// look is what shows an operator the state of the API.
	look = "see kubectl get apiservice v1beta1.metrics.k8s.io"
)

// callError is a failed LIST of one namespace, explained.
type callError struct {
	cause error
	// what is wrong and what to do.
	what string
	// all says that other namespaces would fare no better.
	all bool
}

func (e *callError) Error() string { return e.what }
func (e *callError) Unwrap() error { return e.cause }

// concernsAll says whether an error of one namespace is that of the whole API.
func concernsAll(err error) bool {
	var call *callError
	return errors.As(err, &call) && call.all
}

// explain says what a failed LIST of a namespace means and what to do.
func explain(err error, namespace string, timeout time.Duration) error {
	out := &callError{cause: err}
	switch {
	case errors.Is(err, context.Canceled):
		out.what = fmt.Sprintf("listing %s PodMetrics was stopped: %v", api, err)
	case timedOut(err):
		out.all = true
		out.what = fmt.Sprintf("%s did not answer within %v: metrics-server or the API server is overloaded or unreachable; %s", api, timeout, look)
	case apierrors.IsForbidden(err):
		out.what = fmt.Sprintf(`Crest may not list PodMetrics in namespace %q: let its ServiceAccount "list" pods of the API group metrics.k8s.io: %v`, namespace, err)
	case apierrors.IsUnauthorized(err):
		out.all = true
		out.what = fmt.Sprintf("the API server does not accept Crest's credentials for %s; check its ServiceAccount's token: %v", api, err)
	case apierrors.IsNotFound(err):
		out.all = true
		out.what = fmt.Sprintf("the cluster does not serve %s: metrics-server is not installed or not registered; %s: %v", api, look, err)
	case apierrors.IsServiceUnavailable(err):
		out.all = true
		out.what = fmt.Sprintf("%s is registered but not available: metrics-server is down, starting or unreachable; %s: %v", api, look, err)
	default:
		var status apierrors.APIStatus
		out.all = !errors.As(err, &status)
		out.what = fmt.Sprintf("listing %s PodMetrics in namespace %q: %v; %s", api, namespace, err, look)
	}
	return out
}

func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || apierrors.IsTimeout(err) ||
		errors.As(err, &network) && network.Timeout()
}

// codeOf is the metric's label for the outcome of a call: the HTTP status, or
// what kept one from coming.
func codeOf(err error) string {
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return strconv.Itoa(http.StatusOK)
	case errors.As(err, &status) && status.Status().Code != 0:
		return strconv.Itoa(int(status.Status().Code))
	case errors.Is(err, context.Canceled):
		return "canceled"
	case timedOut(err):
		return "timeout"
	default:
		return "error"
	}
}
