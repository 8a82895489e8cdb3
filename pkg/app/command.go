package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	_ "k8s.io/component-base/logs/json/register" // --logging-format=json
	"k8s.io/klog/v2"
)

// The exit codes of the program.
const (
	exitStopped = iota
	exitFailed
	exitMisused
)

// ExitCode is the exit code for what Command returned: 0 after a clean stop, 1
// after a failure that a restart may mend, 2 where it would not: wrong flags, a
// wrong configuration.
func ExitCode(err error) int {
	var usage *UsageError
	switch {
	case err == nil:
		return exitStopped
	case errors.As(err, &usage):
		return exitMisused
	}
	return exitFailed
}

// Command is the program: it reads the arguments (without the program's name)
// and does what the first one says, if it is a subcommand, or else serves.
func Command(ctx context.Context, args []string, version string, out io.Writer) error {
	if len(args) > 0 && subcommands[args[0]] != nil {
		err := subcommands[args[0]](ctx, args[1:], out)
		if errors.Is(err, pflag.ErrHelp) {
			return nil
		}
		return err
	}
	return serve(ctx, args, version, out)
}

// serve reads the arguments, sets up the log of the process, and runs the
// adapter until ctx ends.
func serve(ctx context.Context, args []string, version string, out io.Writer) error {
	o := NewOptions()
	o.Version, o.Getenv = version, os.Getenv
	logging := logsapi.NewLoggingConfiguration()
	flags := pflag.NewFlagSet("crest-adapter", pflag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() { _, _ = fmt.Fprint(out, usage+flags.FlagUsages()) }
	o.AddFlags(flags)
	logsapi.AddFlags(logging, flags)
	showVersion := flags.Bool("version", false, "Print the version and exit.")

	switch err := flags.Parse(args); {
	case errors.Is(err, pflag.ErrHelp):
		return nil
	case err != nil:
		return &UsageError{fmt.Errorf("%w; see crest-adapter --help", err)}
	case flags.NArg() > 0:
		return &UsageError{fmt.Errorf("unexpected argument %q; see crest-adapter --help", flags.Arg(0))}
	}
	if *showVersion {
		_, err := fmt.Fprintln(out, "crest-adapter", version)
		return err
	}
	logs.InitLogs()
	defer logs.FlushLogs()
	if err := logsapi.ValidateAndApply(logging, nil); err != nil {
		return &UsageError{fmt.Errorf("setting up the log: %w", err)}
	}
	o.Log = klog.Background()

	a, err := New(o)
	if err != nil {
		return err
	}
	go saveMemory(ctx, o.Getenv, a.inventory.Synced)
	return a.Run(ctx)
}
