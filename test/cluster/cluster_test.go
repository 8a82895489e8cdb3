package cluster_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/cluster"
)

// shared is the cluster of all tests that do not need one of their own; usage is what its
// kubelets report.
var (
	shared *cluster.Cluster
	usage  = &fixedUsage{cores: map[string]float64{}}
)

func TestMain(m *testing.M) {
	if os.Getenv(standInVariable) != "" {
		log.Fatal(runStandIn(os.Args[1:]))
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute) // the first build takes minutes
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{KubeletHandler: usage, Progress: os.Stderr})
	if err != nil {
		log.Print(err)
		return 1
	}
	defer c.Stop()
	shared = c
	usage.watch(c.Client())
	return m.Run()
}

func TestStopLeavesNoProcessAndNoFile(t *testing.T) {
	c, err := cluster.Start(t.Context(), cluster.Options{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	pids := c.Pids()
	if len(pids) != 5 {
		t.Errorf("processes while it runs: %v, want etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok", pids)
	}
	if c.Admin().Host == shared.Admin().Host {
		t.Errorf("two clusters at once share the address %s", c.Admin().Host)
	}
	c.Stop()
	c.Stop() // again is harmless
	for name, pid := range pids {
		if alive(pid) {
			t.Errorf("%s (%d) runs on", name, pid)
		}
	}
	if _, err := os.Stat(c.Dir()); !os.IsNotExist(err) {
		t.Errorf("the temporary directory is still there: %v", err)
	}
}

// alive reads the kernel's process table, where a pid that was used again by another program
// would show a parent other than this one.
func alive(pid int) bool {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	return len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid())
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
	out, err := shared.Kubectl(t.Context(), "get", "nodes", "--no-headers")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out, " Ready "); got != 2 {
		t.Errorf("%d nodes are Ready, want 2:\n%s", got, out)
	}
	_, err = shared.Kubectl(t.Context(), "get", "nonsense")
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
	if err := shared.Apply(t.Context(), []byte(manifest)); err != nil {
		t.Fatal(err)
	}
}
