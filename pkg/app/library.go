package app

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	libprovider "sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// name is what the API server says that it is.
const name = "crest-adapter"

// defaults are the flags whose default is not the library's: its client's limit
// of 5/s is meant for interactive use, and a self-signed certificate belongs
// into memory, not into the working directory.
func defaults() map[string]string {
	return map[string]string{"client-qps": "50", "client-burst": "100", "cert-dir": ""}
}

// library is custom-metrics-apiserver's AdapterBase, whose methods depend on
// the order of their calls: flags, then clientConfig, then server, once.
type library struct{ base cmd.AdapterBase }

func newLibrary() *library { return &library{base: cmd.AdapterBase{Name: name}} }

// addFlags adds the library's flags to a set of ours; its own default is the
// set of the whole process.
func (l *library) addFlags(flags *pflag.FlagSet) {
	own := pflag.NewFlagSet(name, pflag.ContinueOnError)
	l.base.FlagSet = own
	l.base.InstallFlags()
	for flag, value := range defaults() {
		f := own.Lookup(flag)
		f.DefValue = value
		_ = f.Value.Set(value) // it is a value that we wrote ourselves
	}
	flags.AddFlagSet(own)
}

// validate is everything that is wrong with the library's flags.
func (l *library) validate() error {
	return utilerrors.NewAggregate(l.base.Validate())
}

// hasCertificateFiles says whether the flags name the serving certificate.
func (l *library) hasCertificateFiles() bool {
	files := l.base.SecureServing.ServerCert.CertKey
	return files.CertFile != "" || files.KeyFile != ""
}

// setKubeconfig sets the three kubeconfigs where they are not set themselves.
func (l *library) setKubeconfig(file string) {
	for _, each := range []*string{
		&l.base.RemoteKubeConfigFile,
		&l.base.Authentication.RemoteKubeConfigFile,
		&l.base.Authorization.RemoteKubeConfigFile,
	} {
		if *each == "" {
			*each = file
		}
	}
}

// clientConfig reaches the Kubernetes API server, for reading the cluster. It
// is a copy.
func (l *library) clientConfig() (*rest.Config, error) {
	c, err := l.base.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the Kubernetes API server (give --kubeconfig, or run in a Pod with a service account): %w", err)
	}
	return rest.CopyConfig(c), nil
}

// authenticationClient is the client with which the library will look up who
// may authenticate callers; nil when it will not.
func (l *library) authenticationClient(timeout time.Duration) (kubernetes.Interface, error) {
	o := l.base.Authentication
	if o.SkipInClusterLookup || o.TolerateInClusterLookupFailure {
		return nil, nil
	}
	c, err := clientcmd.BuildConfigFromFlags("", o.RemoteKubeConfigFile)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig for authentication: %w", err)
	}
	c.Timeout = timeout
	client, err := kubernetes.NewForConfig(c)
	if err != nil {
		return nil, fmt.Errorf("making the client for authentication: %w", err)
	}
	return client, nil
}

// server makes the API server around a provider, with its listener bound. The
// Kubernetes API server must answer: what the library looks up there it looks
// up once, and fails for good. The certificate may be nil: then it is that of
// the flags.
func (l *library) server(p libprovider.ExternalMetricsProvider, certificate dynamiccertificates.CertKeyContentProvider, shutdownDelay time.Duration) (*genericapiserver.GenericAPIServer, error) {
	if err := l.listen(); err != nil {
		return nil, err
	}
	l.base.EnableMetrics = false // app serves them together with its own
	l.base.WithExternalMetrics(p)
	c, err := l.base.Config()
	if err != nil {
		return nil, fmt.Errorf("configuring the API server: %w", err)
	}
	if certificate != nil {
		// Config has made a self-signed one, whatever the options said before.
		c.GenericConfig.SecureServing.Cert = certificate
	}
	// The library has no flag for it. New connections would be refused
	// before the last caller has heard that we are going.
	c.GenericConfig.ShutdownDelayDuration = shutdownDelay
	s, err := l.base.Server()
	if err != nil {
		return nil, fmt.Errorf("making the API server: %w", err)
	}
	return s.GenericAPIServer, nil
}

// listen binds a free port where the port is 0, which to the library means not
// to serve at all.
func (l *library) listen() error {
	o := l.base.SecureServing
	if o.BindPort != 0 || o.Listener != nil {
		return nil
	}
	address := net.JoinHostPort(o.BindAddress.String(), strconv.Itoa(o.BindPort))
	listener, _, err := genericoptions.CreateListener(o.BindNetwork, address, net.ListenConfig{})
	if err != nil {
		return fmt.Errorf("listening on %s: %w", address, err)
	}
	o.Listener = listener
	return nil
}

// addr is where the server listens.
func (l *library) addr() net.Addr { return l.base.SecureServing.Listener.Addr() }
