package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crest-hpa/crest/test/bench/report"
	"github.com/crest-hpa/crest/test/stage"
)

const (
	// glance is the time between two looks at all objects.
	glance = 3 * time.Second
	// patience is how long the HPAs may take to read for the first time.
	patience = 5 * time.Minute
	// quiet is for how long a sync of one of few HPAs may wait at the client's limit.
	quiet = 10 * time.Millisecond
)

// Experiment is that of this package.
func Experiment() report.Experiment {
	return report.Experiment{Name: "controller", Title: "the real HPA controller with 1,000 HPAs", Run: run}
}

func run(ctx context.Context, o report.Options) (report.Result, error) {
	p := planOf(o)
	s, err := stage.Start(ctx, p.stage)
	if err != nil {
		return report.Result{}, err
	}
	defer s.Stop()
	h, err := newHerd(ctx, s, p.many, max(1, p.stage.Cluster.Nodes))
	if err != nil {
		return report.Result{}, err
	}
	if err := await(ctx, h.serving); err != nil {
		return report.Result{}, err
	}
	o.Say("%d Pods serve", len(h.workloads))
	if p.defaults {
		if err := s.Cluster.UseDefaultHPA(ctx); err != nil {
			return report.Result{}, err
		}
	}
	found := map[phase][]slice{}
	for _, ph := range p.phases() {
		if found[ph], err = h.measure(ctx, o, p, ph); err != nil {
			return report.Result{}, fmt.Errorf("%d HPAs on %s: %w", ph.hpas, ph.way, err)
		}
	}
	return result(p, found), nil
}

// measure gives the workloads their HPAs, and watches the controller for two slices once all HPAs have read.
func (h *herd) measure(ctx context.Context, o report.Options, p plan, ph phase) ([]slice, error) {
	begun := time.Now()
	if err := h.scale(ctx, ph); err != nil {
		return nil, err
	}
	if err := await(ctx, func(ctx context.Context) error { return h.settled(ctx, ph) }); err != nil {
		return nil, err
	}
	o.Say("%d HPAs on %s have all read after %s", ph.hpas, ph.way, report.Duration(time.Since(begun)))
	if err := h.rest(ctx, p, ph); err != nil {
		return nil, err
	}
	var slices []slice
	for range 2 {
		s, err := h.watch(ctx, p.slice(ph.hpas))
		if err != nil {
			return nil, err
		}
		o.Say("%.0f syncs in %s, of %s at the mean, %s of it at the client's limit", s.syncs, report.Duration(s.took),
			report.Duration(s.sync.mean()), report.Duration(s.waited()))
		if s.syncs == 0 {
			return nil, errors.New("the HPA controller has synced nothing")
		}
		slices = append(slices, s)
	}
	return slices, nil
}

// rest waits until what came of the change has passed. Requests about few HPAs then hardly wait for each other; those about
// many always do.
func (h *herd) rest(ctx context.Context, p plan, ph phase) error {
	if ph.hpas != p.few {
		return pause(ctx, p.warm)
	}
	return await(ctx, func(ctx context.Context) error {
		s, err := h.watch(ctx, p.warm)
		if err == nil && s.waited() > quiet {
			return fmt.Errorf("the controllers' requests still wait for %s a sync at their client's limit", s.waited())
		}
		return err
	})
}

// watch is what happens in a time from now on.
func (h *herd) watch(ctx context.Context, length time.Duration) (slice, error) {
	from, err := now(ctx, h.stage)
	if err != nil {
		return slice{}, err
	}
	if err := pause(ctx, length); err != nil {
		return slice{}, err
	}
	to, err := now(ctx, h.stage)
	if err != nil {
		return slice{}, err
	}
	return between(from, to), nil
}

// await looks again and again until the check holds.
func await(ctx context.Context, check func(context.Context) error) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-late.C:
			return fmt.Errorf("not within %s: %w", patience, err)
		default:
		}
		if err := pause(ctx, glance); err != nil {
			return err
		}
	}
}

// pause waits for a time.
func pause(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
