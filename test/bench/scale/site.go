package scale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/test/bench/report"
	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// What Datadog's agents and metrics-server do by default.
const (
	agentInterval = 20 * time.Second
	lag           = 10 * time.Second
	resolution    = 15 * time.Second
)

// site is a large cluster with an adapter in its default configuration.
type site struct {
	options report.Options
	cluster *cluster.Cluster
	datadog *datadogsim.Sim
	writer  *writer
	adapter *cluster.Adapter
	// direct is a client of the adapter itself, as an administrator: nobody needs to be asked whether he may.
	direct rest.Interface

	stops []func()
}

// newSite starts all but the adapter; there is no workload yet.
func newSite(ctx context.Context, o report.Options, c cluster.Options) (*site, error) {
	s := &site{options: o}
	if err := s.start(ctx, c); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *site) start(ctx context.Context, c cluster.Options) error {
	w := world.New(world.Options{})
	c.Bare, c.Nodes, c.MetricsResolution, c.KubeletHandler, c.Progress = true, nodes, resolution, w.Kubelet(), io.Discard
	var err error
	if s.cluster, err = cluster.Start(ctx, c); err != nil {
		return err
	}
	s.stops = append(s.stops, s.cluster.Stop)
	if s.writer, err = newWriter(ctx, s.cluster, w); err != nil {
		return err
	}
	s.stops = append(s.stops, s.writer.store.close)
	s.datadog, err = datadogsim.New(datadogsim.Options{
		World: &s.writer.tracks, APIKey: stage.APIKey, AppKey: stage.AppKey, ClusterName: stage.ClusterName, AgentInterval: agentInterval, Lag: lag,
	})
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func() { _ = s.datadog.Close() })
	return nil
}

// stop ends everything.
func (s *site) stop() {
	for i := len(s.stops) - 1; i >= 0; i-- {
		s.stops[i]()
	}
	s.stops = nil
}

// fill adds workloads to those that there are. An adapter that runs would be busy with each of them: it is ended.
func (s *site) fill(ctx context.Context, workloads []workload) error {
	if s.adapter != nil {
		s.adapter.Kill()
	}
	begun, before := time.Now(), s.writer.pods.Load()
	if err := s.writer.fill(ctx, workloads); err != nil {
		return err
	}
	s.options.Say("%d workloads with %d Pods were written in %s", len(workloads), s.writer.pods.Load()-before, report.Duration(time.Since(begun)))
	return nil
}

// installAdapter starts Crest, with the permissions and the runtime settings of deploy/.
func (s *site) installAdapter(ctx context.Context) error {
	url, err := s.datadog.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	config, err := stage.Config{Default: true}.YAML(url)
	if err != nil {
		return err
	}
	env, err := deployedEnv()
	if err != nil {
		return err
	}
	s.adapter, err = s.cluster.InstallAdapter(ctx, cluster.AdapterOptions{
		Config: config, Env: append(env, "DD_API_KEY="+stage.APIKey, "DD_APP_KEY="+stage.AppKey),
	})
	if err != nil {
		return err
	}
	s.direct, err = s.clientOf(s.adapter)
	return err
}

// clientOf speaks to an adapter itself, with a client certificate of the cluster's administrators.
func (s *site) clientOf(a *cluster.Adapter) (rest.Interface, error) {
	admin, config := s.cluster.Admin(), a.RESTConfig("")
	config.CertData, config.KeyData = admin.CertData, admin.KeyData
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of the adapter: %w", err)
	}
	return client.RESTClient(), nil
}

// await asks until the condition is met; the error then says what it said last.
func await(ctx context.Context, what string, atMost, every time.Duration, met func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		err := met(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %s: %w", what, atMost, errors.Join(context.Cause(ctx), err))
		case <-ticker.C:
		}
	}
}
