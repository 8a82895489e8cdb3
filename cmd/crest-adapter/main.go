// Command crest-adapter serves external.metrics.k8s.io: the utilization of a
// workload's hottest container, from Datadog or, when it cannot be believed,
// from metrics-server.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/crest-hpa/crest/pkg/app"
)

// version is set by the build.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := app.Command(ctx, os.Args[1:], version, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "crest-adapter:", err)
	}
	os.Exit(app.ExitCode(err))
}
