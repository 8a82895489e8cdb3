package app

import (
	"errors"
	"fmt"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"

	"github.com/crest-hpa/crest/pkg/config"
)

// Options are what an App is made of: its flags, and what only code can set.
type Options struct {
	// ConfigFile is the configuration file.
	ConfigFile string
	// Kubeconfig stands for each of the library's three kubeconfigs that is
	// not set by a flag of its own. In a cluster it is empty.
	Kubeconfig string

	// Version is what the adapter says that it is.
	Version string
	// Getenv is the environment: DD_API_KEY, DD_APP_KEY and DD_SITE.
	Getenv func(name string) string
	Log    logr.Logger

	library *library
}

// NewOptions are the defaults.
func NewOptions() *Options {
	return &Options{
		Version: "unknown",
		Getenv:  func(string) string { return "" },
		Log:     logr.Discard(),
		library: newLibrary(),
	}
}

// AddFlags adds the adapter's flags and those of the API server to a set.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.ConfigFile, "config", o.ConfigFile, "The configuration file. Required.")
	flags.StringVar(&o.Kubeconfig, "kubeconfig", o.Kubeconfig,
		"A kubeconfig file for everything that is asked of the Kubernetes API server. It sets --lister-kubeconfig, "+
			"--authentication-kubeconfig and --authorization-kubeconfig where they are not set themselves. Without it the "+
			"Pod's service account is used.")
	o.library.addFlags(flags)
}

// UsageError says that the adapter was called or configured wrongly: to start
// it again as it is would not help.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap is what is wrong.
func (e *UsageError) Unwrap() error { return e.Err }

// load reads the configuration file and what the environment adds to it. The
// error is a *UsageError that holds everything that is wrong.
func (o *Options) load() (config.AdapterConfiguration, config.Keys, error) {
	if o.ConfigFile == "" {
		return config.AdapterConfiguration{}, config.Keys{}, &UsageError{errors.New("--config is required: the file that says which cluster this is")}
	}
	c, err := config.Load(o.ConfigFile)
	if err != nil {
		return c, config.Keys{}, &UsageError{err}
	}
	keys, err := c.ApplyEnvironment(o.Getenv)
	if err != nil {
		return c, keys, &UsageError{fmt.Errorf("the configuration in %s is not complete:\n%w", o.ConfigFile, err)}
	}
	return c, keys, nil
}
