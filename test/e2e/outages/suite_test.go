// Package outages takes away what the adapter stands on: the API server, etcd,
// its permissions, its process, the objects that it follows. All of it is
// there once in a cluster, so the package has a cluster of its own, and its
// tests run one after another.
package outages

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
)

// shared is the stage of all tests.
var shared *stage.Stage

// patient has the maxAge of the defaults: an API server takes as long to come
// back here as anywhere, and so do informers.
var patient = stage.Config{Datadog: map[string]any{"maxAge": "3m"}}

func TestMain(m *testing.M) { os.Exit(run(m)) } //nolint:forbidigo // this is the program's main

func run(m *testing.M) int {
	flag.Parse()
	// The tests wait most of the time; the number of CPUs is not what bounds them.
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if shared, err = stage.Start(ctx, stage.Options{Config: patient, Progress: os.Stderr}); err != nil {
		fmt.Fprintln(os.Stderr, "starting the stage:", err)
		return 1
	}
	stopStage := sync.OnceFunc(shared.Stop)
	defer stopStage()
	forget := context.AfterFunc(ctx, func() {
		stopStage()
		os.Exit(130) //nolint:forbidigo // the tests that run on would fail one by one
	})
	defer forget()
	return m.Run()
}

var namespaces atomic.Int64

// namespace makes one for the test, which is deleted after it. If the test
// fails, what can explain it is logged before.
func namespace(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("outage-%d", namespaces.Add(1))
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
		_ = client.Delete(ctx, name, metav1.DeleteOptions{}) // it may be gone already
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
		t.Logf("kubectl %s\n%s", strings.Join(args, " "), tail(out, 40))
	}
	t.Logf("the adapter's log ends\n%s", tail(shared.Adapter.Logs(), 40))
	requests := shared.Datadog.Requests()
	for _, r := range requests[max(0, len(requests)-5):] {
		t.Logf("Datadog at %s: %d after %s, %d series, faults %v", r.Time.Format("15:04:05.000"), r.Status, r.Took, r.Series, r.Faults)
	}
}

// tail is the end of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
