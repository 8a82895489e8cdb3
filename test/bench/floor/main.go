// Command floor is the least that an external metrics adapter can be: the API server library that Crest is built on, at
// the same version and with the same settings, around a provider that returns a constant. What Crest needs beside it
// is Crest's own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// serve answers until ctx ends. The flags are the library's and --kubeconfig, as those of Crest.
func serve(ctx context.Context, args []string) error {
	base := &cmd.AdapterBase{Name: "floor", FlagSet: pflag.NewFlagSet("floor", pflag.ContinueOnError)}
	base.InstallFlags()
	kubeconfig := base.FlagSet.String("kubeconfig", "", "The kubeconfig file for everything that is asked of the Kubernetes API server.")
	if err := base.FlagSet.Parse(args); err != nil {
		return err
	}
	if err := utilerrors.NewAggregate(base.Validate()); err != nil {
		return err
	}
	base.RemoteKubeConfigFile = *kubeconfig
	base.Authentication.RemoteKubeConfigFile = *kubeconfig
	base.Authorization.RemoteKubeConfigFile = *kubeconfig
	base.EnableMetrics = false // in Crest the library does not serve them either
	base.WithExternalMetrics(constant{})
	return base.Run(ctx)
}
