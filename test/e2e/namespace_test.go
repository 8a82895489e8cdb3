package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var namespaces atomic.Int64

// namespace makes one for the test, which is deleted after it. If the test
// fails, what can explain it is logged before.
func namespace(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("e2e-%d", namespaces.Add(1))
	client := shared.Cluster.Client().CoreV1().Namespaces()
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := client.Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background() // that of the test has ended
		if t.Failed() {
			dump(ctx, t, name)
		}
		if err := client.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return name
}

// dump logs the state of a namespace, and what the adapter and Datadog saw last.
func dump(ctx context.Context, t *testing.T, namespace string) {
	t.Helper()
	for _, args := range [][]string{
		{"describe", "hpa"}, {"get", "pods", "--output=wide"}, {"get", "events", "--sort-by=.lastTimestamp"},
	} {
		out, err := shared.Cluster.Kubectl(ctx, append(args, "--namespace="+namespace)...)
		if err != nil {
			out += err.Error()
		}
		t.Logf("kubectl %s\n%s", strings.Join(args, " "), tail(out, 80))
	}
	t.Logf("the adapter's log ends\n%s", tail(shared.Adapter.Logs(), 40))
	requests := shared.Datadog.Requests()
	for _, r := range requests[max(0, len(requests)-5):] {
		t.Logf("Datadog at %s: %d after %s, %d series, faults %v, queries %.300q",
			r.Time.Format("15:04:05.000"), r.Status, r.Took, r.Series, r.Faults, r.Queries)
	}
}

// tail is the end of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
