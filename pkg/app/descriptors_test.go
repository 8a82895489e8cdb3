//go:build unix

package app_test

import (
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/app/apptest"
	"github.com/crest-hpa/crest/pkg/provider"
)

// fewFiles says to a process of this test that it is the one to have few file
// descriptors: a limit is the process's.
const fewFiles = "CREST_TEST_FEW_FILES"

func TestFileDescriptorsThatRunOutEndNeitherTheAnswersNorTheAdapter(t *testing.T) {
	if os.Getenv(fewFiles) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), fewFiles+"=1")
		if output, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v:\n%s", err, output)
		}
		return
	}
	cluster := shop(t)
	o := options(t, cluster.Kubeconfig, withDatadog(apptest.NewDatadog(t, cluster).URL))
	o.Getenv = keys
	a := start(t, o)
	a.ready()
	kept := a.over(connection())
	newest := func() (source string, at time.Time) {
		got := kept.metric(provider.MaxContainer, "deployment%3Ditem")
		if got.code == 0 {
			t.Fatalf("a connection that was there is gone: %s", got.body)
		}
		if got.code != http.StatusOK {
			return "", time.Time{}
		}
		item := got.items(t)[0]
		return item.MetricLabels["source"], item.Timestamp.Time
	}
	a.eventually("answer from Datadog", func() bool { source, _ := newest(); return source == "datadog" })

	release := exhaust(t)
	if got := a.get("", "/readyz"); got.code != 0 {
		t.Fatal("there are file descriptors for a new connection")
	}
	_, before := newest()
	a.eventually("answer with newer data", func() bool {
		source, at := newest()
		if source != "datadog" {
			t.Fatalf("without file descriptors the source is %q", source)
		}
		return at.Sub(before) >= 3*time.Second
	})
	release()
	a.eventually("serve new connections", func() bool { return a.get("", "/readyz").code == http.StatusOK })
}

// exhaust opens files until the process may open no more.
func exhaust(t *testing.T) (release func()) {
	t.Helper()
	limit := syscall.Rlimit{}
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = 256
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		t.Fatal("there were no file descriptors to take")
	}
	return func() {
		for _, f := range files {
			f.Close()
		}
	}
}
