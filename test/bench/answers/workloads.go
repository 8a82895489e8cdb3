package answers

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

const (
	namespace = "answers"
	// applying is how many objects are applied at a time.
	applying = 8
)

// requests are the load of each workload a second, and cost is what one of them takes of its containers: istio-proxy is at 73 % of
// its request and app at 40 %. That is above the HPAs' target of 70 and within their tolerance, so that the answer is
// the measurement and nobody scales.
const requests world.RPS = 100

var cost = map[string]world.CPUSeconds{"app": 0.40 * 0.2 / 100, "istio-proxy": 0.73 * 0.1 / 100}

// populate makes so many workloads of one Pod, each with an HPA, and returns the paths of their metrics.
func populate(ctx context.Context, s *stage.Stage, number int) ([]string, error) {
	if err := s.Cluster.Apply(ctx, fmt.Appendf(nil, "{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", namespace)); err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(applying)
	paths := make([]string, number)
	for i := range number {
		w := stage.Workload{Namespace: namespace, Name: fmt.Sprintf("item-%d", i), Replicas: 1, Node: "node-0"}
		paths[i] = stage.Path(namespace, stage.Max, w.Selector())
		group.Go(func() error {
			err := s.World.SetService(world.Service{
				Namespace: w.Namespace, Name: w.Name, Selector: w.Labels(), Load: requests, Cost: cost,
			})
			if err != nil {
				return err
			}
			if err := s.Apply(ctx, w); err != nil {
				return err
			}
			return s.ApplyHPA(ctx, stage.HPA{For: w, Min: 1, Max: 2})
		})
	}
	return paths, group.Wait()
}
