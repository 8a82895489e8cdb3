package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/crest-hpa/crest/pkg/provider"
	"github.com/crest-hpa/crest/pkg/registration"
)

// apiService is the object that leads kube-apiserver to external metrics.
var apiService = v1beta1.SchemeGroupVersion.Version + "." + v1beta1.GroupName

// subcommands are what the image does beside serving, for an installer that
// has no shell and no kubectl.
var subcommands = map[string]func(context.Context, []string, io.Writer) error{
	"check":      check,
	"unregister": unregister,
}

const usage = `Usage:
  crest-adapter --config FILE [flags]   serve external.metrics.k8s.io
  crest-adapter check [flags]           say whether Crest is registered, available and served
  crest-adapter unregister [flags]      delete the APIService, if it is Crest's

Flags:
`

// registered are the flags and the clients of a subcommand.
type registered struct {
	service    registration.Service
	kubeconfig string
	timeout    time.Duration

	dynamic   dynamic.Interface
	discovery *discovery.DiscoveryClient
}

// parse reads the arguments of a subcommand and makes its clients. It returns
// pflag.ErrHelp when only help was asked for.
func (r *registered) parse(name string, args []string, out io.Writer) error {
	flags := pflag.NewFlagSet("crest-adapter "+name, pflag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&r.service.Namespace, "namespace", "", "The namespace of Crest's Service.")
	flags.StringVar(&r.service.Name, "service", "", "Crest's Service.")
	flags.StringVar(&r.kubeconfig, "kubeconfig", "", "A kubeconfig file. Without it the Pod's service account is used.")
	flags.DurationVar(&r.timeout, "timeout", time.Minute, "How long to try.")
	switch err := flags.Parse(args); {
	case errors.Is(err, pflag.ErrHelp):
		return err
	case err != nil:
		return &UsageError{fmt.Errorf("%w; see crest-adapter %s --help", err, name)}
	case flags.NArg() > 0:
		return &UsageError{fmt.Errorf("unexpected argument %q; see crest-adapter %s --help", flags.Arg(0), name)}
	case r.timeout <= 0:
		return &UsageError{fmt.Errorf("--timeout is %s: it must be above 0", r.timeout)}
	case (r.service.Namespace == "") != (r.service.Name == ""):
		return &UsageError{errors.New("--namespace and --service belong together: they name Crest's Service")}
	}
	return nil
}

func (r *registered) connect() error {
	load := rest.InClusterConfig
	if r.kubeconfig != "" {
		load = func() (*rest.Config, error) { return clientcmd.BuildConfigFromFlags("", r.kubeconfig) }
	}
	c, err := load()
	if err != nil {
		return &UsageError{fmt.Errorf("finding the Kubernetes API server (give --kubeconfig, or run in a Pod with a service account): %w", err)}
	}
	c.Timeout = min(r.timeout, lookupTimeout)
	if r.dynamic, err = dynamic.NewForConfig(c); err != nil {
		return fmt.Errorf("making the client for the APIService: %w", err)
	}
	if r.discovery, err = discovery.NewDiscoveryClientForConfig(c); err != nil {
		return fmt.Errorf("making the client for discovery: %w", err)
	}
	return nil
}

// check says whether HPAs reach Crest.
func check(ctx context.Context, args []string, out io.Writer) error {
	var r registered
	if err := r.parse("check", args, out); err != nil {
		return err
	}
	if err := r.connect(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	service, err := registration.Check(ctx, r.dynamic, r.discovery, registration.Question{
		APIService: apiService, GroupVersion: v1beta1.SchemeGroupVersion.String(), Service: r.service, Resources: provider.Metrics(),
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "the Service %s serves %s: %s\n", service, v1beta1.SchemeGroupVersion, strings.Join(provider.Metrics(), ", "))
	return err
}

// unregister deletes the APIService if it is ours, and else leaves it alone.
func unregister(ctx context.Context, args []string, out io.Writer) error {
	var r registered
	if err := r.parse("unregister", args, out); err != nil {
		return err
	}
	if r.service == (registration.Service{}) {
		return &UsageError{errors.New("--namespace and --service are required: an APIService that leads to another Service is not deleted")}
	}
	if err := r.connect(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	done, err := registration.Unregister(ctx, r.dynamic, apiService, r.service)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, done)
	return err
}
