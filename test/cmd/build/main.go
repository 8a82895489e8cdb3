// Command build builds what the harness runs: the programs of a control plane and the adapter.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/crest-hpa/crest/test/cluster"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("build: ")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := build(ctx); err != nil {
		stop()
		log.Fatal(err)
	}
}

func build(ctx context.Context) error {
	if _, err := cluster.Build(ctx, os.Stderr); err != nil {
		return err
	}
	_, err := cluster.BuildAdapter(ctx, os.Stderr)
	return err
}
