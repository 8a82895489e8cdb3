package scale

import (
	"context"
	"io"
	"time"

	"github.com/crest-hpa/crest/test/cluster"
)

// constantMemory is what the API server library needs around a provider that returns a constant, in bytes: it knows
// nothing of the cluster, so that its size does not matter.
func (s *site) constantMemory(ctx context.Context) (int64, error) {
	program, err := cluster.BuildProgram(ctx, "./bench/floor", io.Discard)
	if err != nil {
		return 0, err
	}
	env, err := deployedEnv()
	if err != nil {
		return 0, err
	}
	floor, err := s.cluster.InstallAdapter(ctx, cluster.AdapterOptions{
		Name: "floor", Binary: program, ServiceIP: s.cluster.FreeIP(), Env: env,
	})
	if err != nil {
		return 0, err
	}
	defer floor.Kill()
	client, err := s.clientOf(floor)
	if err != nil {
		return 0, err
	}
	// It is ready before it knows whose client certificates it is to believe.
	err = await(ctx, "the constant provider knows its administrator", patience, time.Second, func(ctx context.Context) error {
		return collectGarbage(ctx, client)
	})
	if err != nil {
		return 0, err
	}
	return settle(ctx, floor.Pid())
}
