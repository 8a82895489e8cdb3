// Command metrics-server is metrics-server without its check that --metric-resolution is at
// least 10s: tests scrape every 2s. Everything else is the real program's.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	"sigs.k8s.io/metrics-server/cmd/metrics-server/app/options"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "metrics-server:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	o := options.NewOptions()
	flags := pflag.NewFlagSet("metrics-server", pflag.ContinueOnError)
	named := o.Flags()
	for _, set := range named.FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the flags: %w", err)
	}
	if err := logsapi.ValidateAndApply(o.Logging, nil); err != nil {
		return fmt.Errorf("configuring the log: %w", err)
	}
	defer logs.FlushLogs()

	config, err := o.ServerConfig()
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	server, err := config.Complete()
	if err != nil {
		return fmt.Errorf("assembling the server: %w", err)
	}
	return server.RunUntil(genericapiserver.SetupSignalHandler())
}
