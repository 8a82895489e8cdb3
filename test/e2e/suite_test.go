package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/stage"
)

// shared is the stage of all tests.
var shared *stage.Stage

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
	if shared, err = stage.Start(ctx, stage.Options{Cluster: cluster.Options{Nodes: 4}, Progress: os.Stderr}); err != nil {
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

// withConfig runs the adapter with another configuration until the end of the
// test, which must not be a parallel one.
func withConfig(t *testing.T, c stage.Config) {
	t.Helper()
	t.Setenv("CREST_E2E_SERIAL", "1") // panics in a parallel test
	t.Cleanup(func() {
		// The context of the test has ended.
		if err := shared.Reconfigure(context.Background(), stage.Config{}); err != nil {
			t.Errorf("going back to the common configuration: %v", err)
		}
	})
	if err := shared.Reconfigure(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}
