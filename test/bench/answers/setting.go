package answers

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/crest-hpa/crest/test/bench/load"
	"github.com/crest-hpa/crest/test/bench/report"
	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/stage"
)

// The names of the servers; the floor's is also that of its Service, its process and its source.
const crestName, floorName = "Crest", "floor"

// server is one of the two that are compared.
type server struct {
	name    string
	adapter *cluster.Adapter
	// right is an error unless an item of this server is right.
	right func(path string, item v1beta1.ExternalMetricValue) error
}

// setting is what both experiments play on.
type setting struct {
	stage        *stage.Stage
	crest, floor server
	// paths are those of the metrics that Crest answers.
	paths   []string
	decoder runtime.Decoder
}

// open starts a control plane with workloads, Crest and the floor, and waits until Crest answers for all workloads
// from Datadog. Who opens a setting stops its stage. After an error nothing runs on.
func open(ctx context.Context, o report.Options) (*setting, error) {
	options := stage.Options{
		Cluster: cluster.Options{
			MetricsResolution: 15 * time.Second,
			// The HPAs make Crest collect. Their controller would be one more reader.
			HPASync: time.Hour,
		},
		AgentInterval: 15 * time.Second,
		Config:        stage.Config{Default: true},
	}
	if o.Quick {
		options.AgentInterval, options.Config, options.Cluster.MetricsResolution = 0, stage.Config{}, 0
	}
	o.Say("starting a control plane, Crest and the floor")
	s, err := stage.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	b := &setting{stage: s}
	if err := b.furnish(ctx, o); err != nil {
		s.Stop()
		return nil, err
	}
	return b, nil
}

func (b *setting) furnish(ctx context.Context, o report.Options) error {
	var err error
	if b.decoder, err = answerDecoder(); err != nil {
		return err
	}
	if b.paths, err = populate(ctx, b.stage, report.Pick(o, 300, 10)); err != nil {
		return fmt.Errorf("making the workloads: %w", err)
	}
	if err := b.installFloor(ctx); err != nil {
		return err
	}
	b.crest = server{crestName, b.stage.Adapter, rightItem}
	o.Say("waiting until Crest answers for %d workloads from Datadog", len(b.paths))
	// At the default intervals that takes a minute or two: an interval has to end, and the data of Pods that have
	// just started are not believed.
	err = b.awaitAnswers(ctx, b.crest, func(ctx context.Context, clients *load.Clients) error {
		_, err := clients.Run(ctx, b.plan(b.crest, inProtobuf, time.Minute, len(b.paths)))
		return err
	})
	if err != nil {
		return err
	}
	return b.awaitAnswers(ctx, b.floor, func(ctx context.Context, clients *load.Clients) error {
		return b.oneWorkload(ctx, b.floor, clients, 1)
	})
}

// floorService is a Service as Crest's own is.
const floorService = `
apiVersion: v1
kind: Service
metadata: {name: floor, namespace: crest-system}
spec:
  ports: [{name: https, port: 10250}]
`

// installFloor runs the floor with the environment, the certificate and the account that Crest has.
func (b *setting) installFloor(ctx context.Context) error {
	program, err := cluster.BuildProgram(ctx, "./bench/floor", io.Discard)
	if err != nil {
		return err
	}
	if err := b.stage.Cluster.Apply(ctx, []byte(floorService)); err != nil {
		return err
	}
	a, err := b.stage.Cluster.InstallAdapter(ctx, cluster.AdapterOptions{Name: floorName, Service: floorName, Binary: program})
	b.floor = server{floorName, a, constantItem}
	return err
}

// asAggregator is how kube-apiserver asks a server for an HPA controller. To authorize that the server asks
// kube-apiserver, and remembers the answer for 10 s, as in production.
func (s server) asAggregator() (load.Server, error) {
	config := s.adapter.AggregatorConfig()
	secure, err := tlsOf(config)
	return load.Server{URL: config.Host, TLS: secure, Header: cluster.AskedBy(controllerNamespace, controller)}, err
}

// The ServiceAccount of the HPA controller.
const controllerNamespace, controller = "kube-system", "horizontal-pod-autoscaler"

func tlsOf(config *rest.Config) (*tls.Config, error) {
	secure, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates for %s: %w", config.Host, err)
	}
	return secure, nil
}

// awaitAnswers waits until a server answers one client as it should.
func (b *setting) awaitAnswers(ctx context.Context, s server, ask func(context.Context, *load.Clients) error) error {
	who, err := s.asAggregator()
	if err != nil {
		return err
	}
	clients := load.NewClients(who, 1)
	defer clients.Close()
	return eventually(ctx, 5*time.Minute, s.name+" answers", func(ctx context.Context) error { return ask(ctx, clients) })
}

// oneWorkload asks a server about one workload only: it leaves behind hardly an authorization that would make what is
// measured afterwards look faster.
func (b *setting) oneWorkload(ctx context.Context, s server, clients *load.Clients, questions int) error {
	plan := b.plan(s, inProtobuf, time.Minute, questions)
	plan.Paths = plan.Paths[:1]
	_, err := clients.Run(ctx, plan)
	return err
}

// plan is a load of a server with questions about all workloads, whose answers have to be right.
func (b *setting) plan(s server, in encoding, length time.Duration, most int) load.Plan {
	return load.Plan{Length: length, Most: most, Paths: b.paths, Accept: in.mediaType, Check: rightFrom(s, in, b.decoder)}
}

// eventually asks once a second until there is no error.
func eventually(ctx context.Context, within time.Duration, what string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for again := time.NewTicker(time.Second); ; {
		err := ask(ctx)
		if err == nil {
			again.Stop()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, err)
		case <-again.C:
		}
	}
}
