package scale

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

func TestCallsAreCountedOnceBySortWithinTheirTime(t *testing.T) {
	from := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	event := func(id, verb, namespace, resource, subresource, group string, after time.Duration, code int32) auditv1.Event {
		return auditv1.Event{
			AuditID: types.UID(id), Verb: verb, RequestReceivedTimestamp: metav1.NewMicroTime(from.Add(after)),
			ObjectRef:      &auditv1.ObjectReference{Namespace: namespace, Resource: resource, Subresource: subresource, APIGroup: group},
			ResponseStatus: &metav1.Status{Code: code},
		}
	}
	events := []auditv1.Event{
		event("before", "list", "a", "pods", "", "metrics.k8s.io", -time.Second, 200),
		event("one", "list", "a", "pods", "", "metrics.k8s.io", time.Second, 200),
		event("two", "list", "b", "pods", "", "metrics.k8s.io", time.Second, 503),
		event("three", "list", "a", "pods", "", "metrics.k8s.io", 2*time.Second, 200),
		event("four", "get", "a", "deployments", "scale", "apps", 2*time.Second, 200),
		event("five", "watch", "", "pods", "", "", 3*time.Second, 200),
		event("five", "watch", "", "pods", "", "", 3*time.Second, 200), // its end
		event("after", "list", "a", "pods", "", "metrics.k8s.io", time.Minute, 200),
	}
	got := count(events, from, from.Add(10*time.Second))
	want := []calls{
		{verb: "list", resource: "pods.metrics.k8s.io", number: 3, namespaces: 2, failed: 1},
		{verb: "get", resource: "deployments/scale.apps", number: 1, namespaces: 1},
		{verb: "watch", resource: "pods", number: 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
