package scale

import (
	"context"
	"fmt"
	"time"

	"github.com/crest-hpa/crest/test/bench/report"
	"github.com/crest-hpa/crest/test/cluster"
)

// size is how large a cluster is, and what Crest may need there, in MiB.
type size struct {
	workloads, podsEach int
	atMost              float64
}

func (z size) pods() int { return z.workloads * z.podsEach }

// Scale is the experiment about memory, and about the time from a start until Crest is ready.
func Scale() report.Experiment {
	return report.Experiment{Name: "scale", Title: "Memory and start with 10,000 and with 50,000 Pods", Run: runScale}
}

func runScale(ctx context.Context, o report.Options) (report.Result, error) {
	s, err := newSite(ctx, o, cluster.Options{})
	if err != nil {
		return report.Result{}, err
	}
	defer s.stop()
	sizes := report.Pick(o, []size{{1000, 10, 110}, {5000, 10, 200}}, []size{{20, 10, 110}, {100, 10, 200}})
	program, err := buildFollower(ctx)
	if err != nil {
		return report.Result{}, err
	}
	var all []measured
	made := 0
	for _, z := range sizes {
		more := make([]workload, 0, z.workloads-made)
		for ; made < z.workloads; made++ {
			more = append(more, newWorkload(made, z.podsEach))
		}
		if err := s.fill(ctx, more); err != nil {
			return report.Result{}, err
		}
		m, err := s.measure(ctx, z, program)
		if err != nil {
			return report.Result{}, fmt.Errorf("with %d Pods: %w", z.pods(), err)
		}
		all = append(all, m)
	}
	settings, err := s.settings(ctx)
	if err != nil {
		return report.Result{}, err
	}
	constant, err := s.constantMemory(ctx)
	if err != nil {
		return report.Result{}, err
	}
	return result(all, settings, constant), nil
}

// measured is what was found at one size.
type measured struct {
	size
	podBytes float64
	starts   starts
	// known is how long the last start took until every workload was answered from Datadog.
	known time.Duration
	// crest is measured once that was so; used is a store that keeps only what Crest uses, all one that keeps everything.
	crest     memory
	used, all int64
}

func (s *site) measure(ctx context.Context, z size, program string) (measured, error) {
	m := measured{size: z}
	var err error
	if m.podBytes, err = s.writer.podBytes(ctx); err != nil {
		return m, err
	}
	if s.adapter == nil {
		if err := s.installAdapter(ctx); err != nil {
			return m, err
		}
	}
	if m.starts, err = s.starts(ctx, program, report.Pick(s.options, 5, 1)); err != nil {
		return m, err
	}
	begun := time.Now()
	s.options.Say("ready after %v, informers alone after %v; waiting for all answers", m.starts.crest, m.starts.floor)
	if err := s.awaitAnswers(ctx, z.workloads); err != nil {
		return m, err
	}
	m.known = time.Since(begun) + m.starts.crest[len(m.starts.crest)-1]
	s.options.Say("every workload is answered after %s", report.Duration(m.known))
	if m.crest, err = s.adapterMemory(ctx); err != nil {
		return m, err
	}
	s.options.Say("%s MiB resident, %s MiB at most, %s MiB alive", mib(m.crest.resident), mib(m.crest.peak), mib(m.crest.heap))
	if m.used, err = s.followerMemory(ctx, program, "used"); err != nil {
		return m, err
	}
	m.all, err = s.followerMemory(ctx, program, "all")
	return m, err
}

// awaitAnswers waits until Datadog answers for all workloads: their scales have been read by then, one by one.
func (s *site) awaitAnswers(ctx context.Context, workloads int) error {
	left := make([]workload, 0, workloads)
	for i := range workloads {
		left = append(left, newWorkload(i, 1))
	}
	return await(ctx, "every workload is answered from Datadog", 10*time.Minute, time.Second, func(ctx context.Context) error {
		found, err := s.sweep(ctx, left, datadog)
		if err != nil {
			return err
		}
		if left = found.left; len(left) > 0 {
			return fmt.Errorf("%d are not: %v; %s", len(left), found.sources, found.failure)
		}
		return nil
	})
}

func (s *site) followerMemory(ctx context.Context, program, keep string) (int64, error) {
	f, err := follow(ctx, program, s.cluster.Kubeconfig(), keep)
	if err != nil {
		return 0, err
	}
	defer f.stop()
	return settle(ctx, f.pid())
}
