package cluster_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/cluster"
)

// This test program also plays other parts, named by this variable: a harness that is
// killed, an adapter, and the container of a Pod.
const partVariable = "CREST_TEST_PART"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(partVariable) {
	case "harness":
		err = runHarness(os.Args[1])
	case "adapter":
		err = runStandIn(os.Args[1:])
	case "container":
		err = runContainer(os.Args[1:])
	default:
		m.Run()
		stopShared()
	}
	if err != nil {
		panic(err)
	}
}

// usage is what the kubelets of the shared cluster report.
var usage = &fixedUsage{cores: map[string]float64{}}

// startShared starts the cluster of all tests that do not need one of their own.
var startShared = sync.OnceValues(func() (*cluster.Cluster, error) {
	// Not a test's context: it is the first one's, and the first build takes minutes.
	c, err := cluster.Start(context.Background(), cluster.Options{KubeletHandler: usage, Progress: os.Stderr})
	if err == nil {
		usage.watch(c.Client())
		stopShared = c.Stop
	}
	return c, err
})

var stopShared = func() {}

func shared(t *testing.T) *cluster.Cluster {
	t.Helper()
	c, err := startShared()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStopLeavesNoProcessAndNoFile(t *testing.T) {
	c, err := cluster.Start(t.Context(), cluster.Options{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	if c.Admin().Host == shared(t).Admin().Host {
		t.Errorf("two clusters at once share the address %s", c.Admin().Host)
	}
	if found := processesOf(t, c.Dir()); len(found) != 5 {
		t.Errorf("while it runs: %q, want etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok", found)
	}
	c.Stop()
	c.Stop() // again is harmless
	if found := processesOf(t, c.Dir()); len(found) > 0 {
		t.Errorf("after Stop there still run %q", found)
	}
	if _, err := os.Stat(c.Dir()); !os.IsNotExist(err) {
		t.Errorf("the temporary directory is still there: %v", err)
	}
}

func TestKilledHarnessLeavesNoProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	harness := exec.CommandContext(t.Context(), self, dir)
	harness.Env = append(os.Environ(), partVariable+"=harness")
	started, err := harness.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := harness.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := started.Read(make([]byte, 1)); err != nil {
		t.Fatalf("the harness did not start a cluster: %v", err)
	}
	if found := processesOf(t, dir); len(found) != 6 { // the harness too
		t.Errorf("while it runs: %q", found)
	}
	if err := harness.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = harness.Wait()
	eventually(t, "all processes have ended", 5*time.Second, func(context.Context) error {
		if found := processesOf(t, dir); len(found) > 0 {
			return fmt.Errorf("there still run %q", found)
		}
		return nil
	})
}

// runHarness starts a cluster in dir, says so, and waits to be killed.
func runHarness(dir string) error {
	if _, err := cluster.Start(context.Background(), cluster.Options{Dir: dir, Nodes: 1}); err != nil {
		return err
	}
	_, err := os.Stdout.WriteString("started\n")
	<-time.After(time.Minute) // should the killing fail
	return err
}

// processesOf are the command lines of all processes that were told the directory.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte(dir)) { // an error: it has just ended
			program, _, _ := strings.Cut(string(line), "\x00")
			found = append(found, program)
		}
	}
	return found
}

func TestStartEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := cluster.Start(ctx, cluster.Options{Dir: dir, Progress: writerFunc(func(text []byte) {
		if bytes.Contains(text, []byte("etcd")) && !bytes.Contains(text, []byte("build")) {
			cancel()
		}
	})})
	if err == nil || !strings.Contains(err.Error(), "kube-apiserver") || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("the error is %v, want what it waited for, and that it was canceled", err)
	}
	if found := processesOf(t, dir); len(found) > 0 {
		t.Errorf("there still run %q", found)
	}
}

// writerFunc is a writer that cannot fail.
type writerFunc func([]byte)

func (f writerFunc) Write(text []byte) (int, error) {
	f(text)
	return len(text), nil
}

func TestStartThatFailsNamesTheComponentAndItsLog(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\necho the disk is made of cheese\nexit 3\n"
	if err := os.WriteFile(filepath.Join(bin, "etcd"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := cluster.Start(t.Context(), cluster.Options{Bin: bin})
	if err == nil {
		t.Fatal("a cluster started without etcd")
	}
	for _, want := range []string{"etcd", "exit status 3", "made of cheese"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}

func TestNodesAreReadyAndKubectlWorks(t *testing.T) {
	out, err := shared(t).Kubectl(t.Context(), "get", "nodes", "--no-headers")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out, " Ready "); got != 2 {
		t.Errorf("%d nodes are Ready, want 2:\n%s", got, out)
	}
	_, err = shared(t).Kubectl(t.Context(), "get", "nonsense")
	if err == nil || !strings.Contains(err.Error(), `doesn't have a resource type "nonsense"`) {
		t.Errorf("the error of a wrong kubectl call is %v, want what kubectl printed", err)
	}
}

// eventually waits for a condition, and fails the test with what it said last.
func eventually(t *testing.T, what string, timeout time.Duration, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s: %v", what, timeout, err)
		case <-ticker.C:
		}
	}
}

// namespace makes a namespace of the test's own.
func namespace(t *testing.T, name string) string {
	t.Helper()
	apply(t, fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", name))
	return name
}

func apply(t *testing.T, manifest string) {
	t.Helper()
	if err := shared(t).Apply(t.Context(), []byte(manifest)); err != nil {
		t.Fatal(err)
	}
}
