// Command soak plays a random schedule of faults against the whole system and
// checks its invariants: see package soak.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/crest-hpa/crest/test/soak"
)

func main() {
	var o soak.Options
	flag.DurationVar(&o.Duration, "duration", 2*time.Minute, "how long faults come")
	flag.Uint64Var(&o.Seed, "seed", 0, "replays the schedule of this seed; one from the clock if 0")
	flag.StringVar(&o.Out, "out", "out/soak", "directory for the logs and the timeline")
	printOnly := flag.Bool("print", false, "only print the schedule")
	flag.Parse()
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano())
	}
	if *printOnly {
		_, _ = fmt.Fprint(os.Stdout, soak.New(o.Seed, o.Duration, soak.Workloads()))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := soak.Run(ctx, o, os.Stdout)
	stop() // not before everything is cleaned up, which a second Ctrl-C must not cut short
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}
