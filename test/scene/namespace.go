package scene

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Namespace makes one for the test, which is deleted after it. If the test
// fails, what can explain it is logged before.
func (s *Scene) Namespace(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("%s-%d", s.prefix, s.namespaces.Add(1))
	client := s.Cluster.Client().CoreV1().Namespaces()
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := client.Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background() // that of the test has ended
		if t.Failed() {
			s.Dump(ctx, t, name)
		}
		_ = client.Delete(ctx, name, metav1.DeleteOptions{}) // the test may have deleted it
	})
	return name
}

// Dump logs the state of a namespace, and what the adapter and Datadog saw last.
func (s *Scene) Dump(ctx context.Context, t *testing.T, namespace string) {
	t.Helper()
	for _, args := range [][]string{
		{"describe", "hpa"}, {"get", "pods", "--output=wide"}, {"get", "events", "--sort-by=.lastTimestamp"},
	} {
		out, err := s.Cluster.Kubectl(ctx, append(args, "--namespace="+namespace)...)
		if err != nil {
			out += err.Error()
		}
		t.Logf("kubectl %s\n%s", strings.Join(args, " "), Tail(out, 80))
	}
	s.DumpSources(t)
}

// DumpSources logs what the adapter and Datadog saw last.
func (s *Scene) DumpSources(t *testing.T) {
	t.Helper()
	if s.Adapter != nil { // it may be the Pods of a chart
		t.Logf("the adapter's log ends\n%s", Tail(s.Adapter.Logs(), 40))
	}
	requests := s.Datadog.Requests()
	for _, r := range requests[max(0, len(requests)-8):] {
		t.Logf("Datadog at %s: %d after %s, %d series, faults %v, queries %.300q",
			r.Time.Format("15:04:05.000"), r.Status, r.Took, r.Series, r.Faults, r.Queries)
	}
}

// Tail is the end of a text.
func Tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
