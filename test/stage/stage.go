package stage

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"time"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/world"
)

// The keys that the simulator wants. They open nothing else.
const (
	APIKey = "stage-api-key"
	AppKey = "stage-app-key"
)

// ClusterName is the value of kube_cluster_name on every series.
const ClusterName = "stage"

// Options say what is different from a fast stage.
type Options struct {
	// Cluster is the control plane; its KubeletHandler is the world's.
	Cluster cluster.Options
	// AgentInterval and Lag are those of Datadog's data; 1 s each if 0.
	AgentInterval, Lag time.Duration
	// DatadogTLS, if set, makes Datadog's simulator serve HTTPS.
	DatadogTLS *tls.Config
	// Config is the adapter's configuration.
	Config Config
	// Env are more variables for the adapter; the keys are given anyway.
	Env []string
	// WithoutAdapter leaves the adapter to the caller.
	WithoutAdapter bool
	// Chart installs the adapter with helm, as users do; Adapter is nil then.
	Chart bool
	// Progress is told each step; silence if nil.
	Progress io.Writer
}

// Stage is what plays together.
type Stage struct {
	Cluster *cluster.Cluster
	World   *world.World
	Datadog *datadogsim.Sim
	// Adapter is nil before InstallAdapter.
	Adapter *cluster.Adapter
	// DatadogURL is where the simulator listens.
	DatadogURL string

	options Options
	stop    []func()
}

// Start builds what is missing, starts everything, and returns when the
// adapter answers through the API server. After an error nothing runs on.
func Start(ctx context.Context, o Options) (*Stage, error) {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	s := &Stage{options: o}
	if err := s.start(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Stage) start(ctx context.Context) error {
	o := s.options
	s.World = world.New(world.Options{History: 20 * time.Minute})
	var err error
	s.Datadog, err = datadogsim.New(datadogsim.Options{
		World: s.World, APIKey: APIKey, AppKey: AppKey, ClusterName: ClusterName,
		AgentInterval: cmp.Or(o.AgentInterval, time.Second), Lag: cmp.Or(o.Lag, time.Second), TLS: o.DatadogTLS,
	})
	if err != nil {
		return fmt.Errorf("making Datadog's simulator: %w", err)
	}
	if s.DatadogURL, err = s.Datadog.Start("127.0.0.1:0"); err != nil {
		return fmt.Errorf("starting Datadog's simulator: %w", err)
	}
	s.stop = append(s.stop, func() { _ = s.Datadog.Close() })

	o.Cluster.KubeletHandler = s.World.Kubelet()
	o.Cluster.Progress = o.Progress
	if s.Cluster, err = cluster.Start(ctx, o.Cluster); err != nil {
		return fmt.Errorf("starting the control plane: %w", err)
	}
	s.stop = append(s.stop, s.Cluster.Stop)
	if err := s.runWorld(ctx); err != nil {
		return err
	}
	if err := s.Cluster.InstallRollouts(ctx); err != nil {
		return err
	}
	if o.WithoutAdapter {
		return nil
	}
	if o.Chart {
		return s.InstallChart(ctx, o.Config)
	}
	return s.InstallAdapter(ctx, o.Config)
}

// runWorld has the world follow the cluster's Pods until Stop.
func (s *Stage) runWorld(ctx context.Context) error {
	// The world outlives the context of the start.
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.World.Run(following, s.Cluster.Admin()); err != nil {
			_, _ = fmt.Fprintln(s.options.Progress, "world: following the cluster's Pods:", err)
		}
	}()
	s.stop = append(s.stop, func() { stop(); <-ended })
	if err := s.World.WaitSynced(ctx); err != nil {
		return fmt.Errorf("following the cluster's Pods: %w", err)
	}
	return nil
}

// InstallAdapter starts the adapter, with the permissions of its manifests.
func (s *Stage) InstallAdapter(ctx context.Context, c Config) error {
	text, err := c.YAML(s.DatadogURL)
	if err != nil {
		return err
	}
	s.Adapter, err = s.Cluster.InstallAdapter(ctx, cluster.AdapterOptions{
		Config: text,
		Env:    append([]string{"DD_API_KEY=" + APIKey, "DD_APP_KEY=" + AppKey}, s.options.Env...),
	})
	return err
}

// Reconfigure restarts the adapter with another configuration.
func (s *Stage) Reconfigure(ctx context.Context, c Config) error {
	text, err := c.YAML(s.DatadogURL)
	if err != nil {
		return err
	}
	return s.Adapter.Restart(ctx, text)
}

// Stop ends everything that was started, in the reverse order. A second call
// does nothing.
func (s *Stage) Stop() {
	for len(s.stop) > 0 {
		last := len(s.stop) - 1
		stop := s.stop[last]
		s.stop = s.stop[:last]
		stop()
	}
}
