package reaction

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/crest-hpa/crest/test/bench/report"
)

const (
	// glance is the time between two looks.
	glance = time.Second
	// patience is how long anything may take: at the defaults and a lag of 90 s, until all rest.
	patience = 6 * time.Minute
)

// Experiment is that of this package.
func Experiment() report.Experiment {
	return report.Experiment{Name: "reaction", Title: "from a container getting hot to the HPA acting", Run: run}
}

func run(ctx context.Context, o report.Options) (report.Result, error) {
	p := planOf(o)
	sites, stop, err := openSites(ctx, p)
	defer stop()
	if err != nil {
		return report.Result{}, err
	}
	var subjects []subject
	for _, s := range sites {
		subjects = append(subjects, s.subjects...)
	}
	if err := scale(ctx, p, subjects); err != nil {
		return report.Result{}, err
	}
	o.Say("waiting until %d workloads on %d control planes rest", len(subjects), len(sites))
	for _, one := range subjects {
		if err := await(ctx, patience, one.rests); err != nil {
			return report.Result{}, fmt.Errorf("%s/%s does not rest: %w", one.Namespace, one.Name, err)
		}
	}
	paths, err := play(ctx, o, p, subjects)
	if err != nil {
		return report.Result{}, err
	}
	return report.Result{Tables: []report.Table{totals(p, paths), parts(p, paths)}}, nil
}

// openSites starts all sites side by side; stop is to be called also after an error.
func openSites(ctx context.Context, p plan) (sites []*site, stop func(), err error) {
	sites = make([]*site, p.sites)
	all, starting := errgroup.WithContext(ctx)
	for i := range sites {
		all.Go(func() (err error) {
			sites[i], err = openSite(starting, p, i)
			return err
		})
	}
	err = all.Wait()
	return sites, func() {
		for _, s := range slices.Backward(sites) {
			if s != nil {
				s.stop()
			}
		}
	}, err
}

// scale creates the HPAs, those of one number at the same moment. An HPA is synced at a fixed time after it was made, and
// sources have the same period or twice that: made at once, all of one way would wait equally long for their next sync.
func scale(ctx context.Context, p plan, subjects []subject) error {
	for number := range p.jumps {
		for _, one := range subjects {
			if one.number != number {
				continue
			}
			if err := one.scale(ctx); err != nil {
				return err
			}
		}
		if err := pause(ctx, p.sync/time.Duration(p.jumps)); err != nil {
			return err
		}
	}
	return nil
}

// play has the subjects jump, those of one number at the same moment, and watches them all until they have settled.
func play(ctx context.Context, o report.Options, p plan, subjects []subject) (map[way][]path, error) {
	found := make([]path, len(subjects))
	all, ctx := errgroup.WithContext(ctx)
	for i, one := range subjects {
		all.Go(func() error {
			if err := pause(ctx, time.Duration(one.number)*p.apart); err != nil {
				return err
			}
			got, err := one.measure(ctx, p)
			if err != nil {
				return fmt.Errorf("%s/%s: %w", one.Namespace, one.Name, err)
			}
			o.Say("%s/%s: acted after %s (%s + %s + %s + %s) to %d replicas, enough after %s, at most %d",
				one.Namespace, one.Name, report.Duration(got.acted()), report.Duration(got.measured), report.Duration(got.visible),
				report.Duration(got.collected), report.Duration(got.synced), got.first, report.Duration(got.enough), got.peak)
			found[i] = got
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	paths := map[way][]path{}
	for i, one := range subjects {
		paths[one.way] = append(paths[one.way], found[i])
	}
	return paths, nil
}

// measure has the subject jump, and watches what comes of it.
func (s subject) measure(ctx context.Context, p plan) (path, error) {
	j := jump{at: time.Now(), lag: s.way.lag, pods: int(s.Replicas)}
	if err := s.jump(); err != nil {
		return path{}, err
	}
	err := await(ctx, patience, func(ctx context.Context) error {
		l, err := s.look(ctx)
		if err == nil && l.value <= acts {
			err = fmt.Errorf("it reads %.1f", l.value)
		}
		j.measured, j.shown = l.data, l.at
		return err
	})
	if err != nil {
		return path{}, fmt.Errorf("waiting until it reads as hot: %w", err)
	}
	err = await(ctx, patience, func(context.Context) error {
		j.changes = s.site.seen.since(s.Namespace, s.Name, j.at)
		_, err := j.path()
		return err
	})
	if err != nil {
		return path{}, fmt.Errorf("waiting until it has enough replicas: %w", err)
	}
	if err := pause(ctx, s.way.lag+p.after); err != nil {
		return path{}, err
	}
	if !s.way.direct {
		// Crest may have met it in a later bucket than that which showed it first.
		if j.measured, err = s.firstBucket(ctx, j.at, p.interval); err != nil {
			return path{}, err
		}
	}
	j.changes = s.site.seen.since(s.Namespace, s.Name, j.at)
	return j.path()
}

// await looks again and again until the check holds.
func await(ctx context.Context, patience time.Duration, check func(context.Context) error) error {
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return fmt.Errorf("not within %s: %w", patience, err)
		case <-ticker.C:
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
