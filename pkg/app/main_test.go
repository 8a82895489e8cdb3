package app_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/crest-hpa/crest/pkg/app"
)

// asAdapter in the environment makes this program the adapter. A process sets up
// its log once, and not while others log: what Command does is tried in one of
// its own.
const asAdapter = "CREST_TEST_AS_ADAPTER"

// TestMain silences the API server library, which logs through the process.
func TestMain(m *testing.M) {
	if os.Getenv(asAdapter) != "" {
		err := app.Command(context.Background(), os.Args[1:], "v1.2.3", os.Stdout)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(app.ExitCode(err)) //nolint:forbidigo // this is the program's main
	}
	klog.SetLogger(logr.Discard())
	m.Run()
}
