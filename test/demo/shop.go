package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

//go:embed manifests
var manifests embed.FS

// The shop's objects, as the manifests name them.
const (
	namespace = "shop"
	item      = "item"
	cart      = "cart"
	app       = "app"
	proxy     = "istio-proxy"
)

// target is that of both HPAs, in percent.
const target = 70.0

// tolerated is up to what an HPA with that target does nothing.
const tolerated = 1.1 * target

// selectors are those of the HPAs: one names the workload, one the HPA.
var selectors = map[string]string{item: "deployment=item", cart: "hpa=cart"}

// proxyCost is what istio-proxy needs a request: 0.20 vCPU for 1,000 requests/s.
const proxyCost world.CPUSeconds = 0.0002

// proxyRequest is the CPU request of item's istio-proxy, in cores.
const proxyRequest = 0.3

// Traffic is what the requests are like, by what one costs the app.
type Traffic world.CPUSeconds

// To istio-proxy, requests are all alike.
const (
	mixed Traffic = 0.00032
	small Traffic = 0.0001
)

// Shop is the two services on their stage.
type Shop struct {
	stage *stage.Stage
}

// openShop applies the manifests, with calm traffic, and waits for the Pods.
func openShop(ctx context.Context, s *stage.Stage, progress io.Writer) (*Shop, error) {
	shop := &Shop{stage: s}
	if err := shop.serve(mixed, constant(calmLoad)); err != nil {
		return nil, err
	}
	if err := shop.apply(ctx, "namespace", item, cart); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not within %s", patience))
	defer cancel()
	for _, name := range []string{item, cart} {
		if err := shop.ready(ctx, name); err != nil {
			return nil, err
		}
		if err := shop.answers(ctx, name); err != nil {
			return nil, err
		}
		_, _ = fmt.Fprintf(progress, "shop: the Pods of %s are Ready, and Crest answers about them\n", name)
	}
	// Last, so that nothing that the HPAs say is about the start.
	return shop, shop.apply(ctx, item+"-hpa", cart+"-hpa")
}

// apply applies manifests by their names.
func (s *Shop) apply(ctx context.Context, names ...string) error {
	for _, name := range names {
		text, err := fs.ReadFile(manifests, "manifests/"+name+".yaml")
		if err != nil {
			return fmt.Errorf("reading a manifest: %w", err)
		}
		if err := s.stage.Cluster.Apply(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// serve changes the traffic of both services; load is that of item. Cart has a
// third of it, for half the Pods with two thirds of the CPU requests, so that
// its utilizations are about the same.
func (s *Shop) serve(t Traffic, load func(time.Time) world.RPS) error {
	for name, share := range map[string]world.RPS{item: 1, cart: 1. / 3} {
		err := s.stage.World.SetService(world.Service{
			Namespace: namespace, Name: name, Selector: map[string]string{"app": name},
			Cost: map[string]world.CPUSeconds{app: world.CPUSeconds(t), proxy: proxyCost},
			Load: share * load(time.Now()), // until the next lines, in which the world may step
		})
		if err != nil {
			return err
		}
		err = s.stage.World.SetLoadFunc(namespace, name, func(now time.Time) world.RPS { return share * load(now) })
		if err != nil {
			return err
		}
	}
	return nil
}

// constant is a load that does not change.
func constant(load world.RPS) func(time.Time) world.RPS {
	return func(time.Time) world.RPS { return load }
}

// ramp is a load that grows evenly.
func ramp(from, to world.RPS, begin time.Time, over time.Duration) func(time.Time) world.RPS {
	return func(now time.Time) world.RPS {
		done := now.Sub(begin).Seconds() / over.Seconds()
		return from + (to-from)*world.RPS(min(max(done, 0), 1))
	}
}

// ready waits until all Pods of a Deployment are.
func (s *Shop) ready(ctx context.Context, name string) error {
	return await(ctx, func() error {
		d, err := s.stage.Cluster.Client().AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
		if err == nil && d.Status.ReadyReplicas != *d.Spec.Replicas {
			err = fmt.Errorf("%d of %d Pods of %s are Ready", d.Status.ReadyReplicas, *d.Spec.Replicas, name)
		}
		return err
	})
}

// answers waits for Crest's first answer about a service, which no HPA names yet.
func (s *Shop) answers(ctx context.Context, name string) error {
	return await(ctx, func() error {
		if a := s.stage.Read(ctx, namespace, stage.Max, "deployment="+name); !a.OK() {
			return fmt.Errorf("waiting for the first answer about %s: %s", name, a)
		}
		return nil
	})
}

// await asks until there is no error; the last one is part of its own.
func await(ctx context.Context, ask func() error) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}
