package scale

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/test/bench/process"
)

const (
	// startTimeout is how long a start may take; askReady is how often it is asked.
	startTimeout, askReady = 2 * time.Minute, 10 * time.Millisecond
)

// starts are several starts of Crest and, in turn, of its floor: what informers alone need.
type starts struct {
	crest, floor []time.Duration
	// datadog is how much of each of Crest's was spent on calls to Datadog's simulator, which the floor does not make.
	datadog []time.Duration
	// peak is the most memory of any of them until it was ready, and floorPeak that of the floor, in bytes.
	peak, floorPeak int64
}

// starts starts the adapter times times, in turn with a follower that keeps all objects as they are. The last one stays.
func (s *site) starts(ctx context.Context, program string, times int) (starts, error) {
	var all starts
	for i := range times {
		steps := []func(context.Context) error{
			func(ctx context.Context) error { return s.startFollower(ctx, program, &all) },
			func(ctx context.Context) error { return s.startAdapter(ctx, &all) },
		}
		if i%2 == 1 && i+1 < times {
			slices.Reverse(steps) // A B B A: a machine that gets slower is slower for both
		}
		for _, step := range steps {
			if err := step(ctx); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

func (s *site) startFollower(ctx context.Context, program string, all *starts) error {
	s.adapter.Kill()
	f, err := follow(ctx, program, s.cluster.Kubeconfig(), "all")
	if err != nil {
		return err
	}
	defer f.stop()
	all.floor = append(all.floor, f.synced)
	peak, err := process.Peak(f.pid())
	all.floorPeak = max(all.floorPeak, peak)
	return err
}

func (s *site) startAdapter(ctx context.Context, all *starts) error {
	s.adapter.Kill()
	begun := time.Now()
	if err := s.adapter.Launch(); err != nil {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	all.crest = append(all.crest, time.Since(begun))
	all.datadog = append(all.datadog, s.called(begun))
	peak, err := process.Peak(s.adapter.Pid())
	all.peak = max(all.peak, peak)
	return err
}

// ready waits until the adapter says that it is.
func (s *site) ready(ctx context.Context) error {
	client, err := rest.HTTPClientFor(s.adapter.RESTConfig(""))
	if err != nil {
		return fmt.Errorf("making a client of the adapter: %w", err)
	}
	defer client.CloseIdleConnections()
	return await(ctx, "the adapter is ready", startTimeout, askReady, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.adapter.BaseURL()+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("/readyz answers %s", answer.Status)
		}
		return nil
	})
}

// called is for how long Datadog's simulator worked since a moment: from the first call to the end of the last.
func (s *site) called(since time.Time) time.Duration {
	var first, last time.Time
	for _, r := range s.datadog.Requests() {
		if r.Time.Before(since) {
			continue
		}
		if first.IsZero() {
			first = r.Time
		}
		if end := r.Time.Add(r.Took); end.After(last) {
			last = end
		}
	}
	return last.Sub(first)
}

// median is the middle one; the mean of both where there are two.
func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
