package app

import (
	"context"
	"errors"
	"time"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/provider"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// collection is a collector as the provider wants it. The two do not know each
// other; here their words are translated.
type collection struct{ collector *collector.Collector }

func (c collection) Snapshot() provider.Snapshot {
	if s := c.collector.Snapshot(); s != nil {
		return snapshot{s}
	}
	return nil
}

func (c collection) Enrol(ctx context.Context, want utilization.Want) error {
	err := c.collector.Enrol(ctx, want)
	var busy *collector.BusyError
	if errors.As(err, &busy) {
		return &provider.BusyError{Err: err}
	}
	return err
}

type snapshot struct{ *collector.Snapshot }

func (s snapshot) Get(sel utilization.Selection) (provider.Entry, bool) {
	e, ok := s.Snapshot.Get(sel)
	if !ok {
		return nil, false
	}
	return entry{e}, true
}

type entry struct{ *collector.Entry }

func (e entry) Max(scale utilization.Scale, now time.Time) (provider.Answer, error) {
	r, err := e.Entry.Max(scale, now)
	return provider.Answer(r), err
}

func (e entry) Containers(scale utilization.Scale, now time.Time) ([]provider.Answer, error) {
	results, err := e.Entry.Containers(scale, now)
	if err != nil {
		return nil, err
	}
	answers := make([]provider.Answer, len(results))
	for i, r := range results {
		answers[i] = provider.Answer(r)
	}
	return answers, nil
}

func (e entry) PodAverage(now time.Time) (provider.Answer, error) {
	r, err := e.Entry.PodAverage(now)
	return provider.Answer(r), err
}
