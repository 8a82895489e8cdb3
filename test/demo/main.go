package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	var o Options
	flag.BoolVar(&o.Keep, "keep", false, "leave everything up after the story, until Ctrl-C")
	flag.StringVar(&o.Out, "out", "out/demo", "directory for the summary and the picture")
	flag.Parse()
	o.Color = isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == ""

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := Run(ctx, o, os.Stdout)
	interrupted := ctx.Err() != nil
	stop() // not before everything is cleaned up, which a second Ctrl-C must not cut short
	os.Exit(exitCode(err, interrupted))
}

// The exit codes besides 0.
const (
	exitFailed      = 1   // a check did not hold, or a component failed
	exitInterrupted = 130 // what shells report of a program that Ctrl-C ended
)

// exitCode tells the error to the user and makes an exit code of it.
func exitCode(err error, interrupted bool) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrChecks):
		return exitFailed
	case interrupted:
		return exitInterrupted
	}
	fmt.Fprintln(os.Stderr, "demo:", err)
	return exitFailed
}

// isTerminal says whether a file is a character device, which can show colors.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
