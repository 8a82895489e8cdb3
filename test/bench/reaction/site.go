package reaction

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
)

// site is a control plane with a Crest.
type site struct {
	*stage.Stage
	seen *replicas
	// subjects are the workloads whose jumps have the numbers i, i + sites, i + 2·sites, … on site i.
	subjects []subject

	stop func()
}

// openSite starts site i, with the workloads that it has by the plan. Its Crest starts at its own moment of an interval.
func openSite(ctx context.Context, p plan, i int) (*site, error) {
	o := p.stage
	o.WithoutAdapter = true
	s, err := stage.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	one := &site{Stage: s, stop: s.Stop}
	if err := one.begin(ctx, p, i); err != nil {
		one.stop()
		return nil, err
	}
	return one, nil
}

func (s *site) begin(ctx context.Context, p plan, i int) error {
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	seen, ended, err := follow(following, s.Cluster.Client())
	if err != nil {
		stop()
		return err
	}
	s.seen, s.stop = seen, func() { stop(); ended(); s.Stop() }
	for _, w := range p.ways {
		if err := s.serve(ctx, p, w, i); err != nil {
			return err
		}
	}
	offset := p.interval * time.Duration(i) / time.Duration(p.sites)
	if err := pause(ctx, untilPhase(time.Now(), p.interval, offset)); err != nil {
		return err
	}
	return s.InstallAdapter(ctx, p.stage.Config)
}

// serve creates the workloads of one way.
func (s *site) serve(ctx context.Context, p plan, w way, i int) error {
	s.Datadog.SetLag(w.namespace, w.lag)
	_, err := s.Cluster.Client().CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating a namespace: %w", err)
	}
	for number := i; number < p.jumps; number += p.sites {
		one := subject{s, w, number, stage.Workload{Namespace: w.namespace, Name: fmt.Sprintf("item-%d", number), Replicas: p.pods}}
		if err := one.serve(ctx); err != nil {
			return err
		}
		s.subjects = append(s.subjects, one)
	}
	return nil
}

// untilPhase is how long it takes until the clock is at an offset in an interval.
func untilPhase(now time.Time, interval, offset time.Duration) time.Duration {
	phase := time.Duration(now.UnixNano() % int64(interval))
	return (offset - phase + interval) % interval
}
