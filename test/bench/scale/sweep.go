package scale

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/crest-hpa/crest/test/stage"
)

// readers is how many questions are on their way at a time.
const readers = 16

// The sources of an answer, as its label says.
const (
	datadog       = "datadog"
	metricsServer = "metrics-server"
)

// swept is what a sweep found: how many workloads each source answers, "" being none, and those not answered by the
// one that was wanted.
type swept struct {
	sources map[string]int
	left    []workload
	// failure is what one of those without an answer heard.
	failure string
}

// sweep reads the maximum of each workload from the adapter itself.
func (s *site) sweep(ctx context.Context, workloads []workload, want string) (swept, error) {
	found := swept{sources: map[string]int{}}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for _, w := range workloads {
		group.Go(func() error {
			a := stage.ReadFrom(ctx, s.direct, w.namespace, stage.Max, w.selector())
			mu.Lock()
			defer mu.Unlock()
			found.note(w, a, want)
			return ctx.Err()
		})
	}
	return found, group.Wait()
}

func (f *swept) note(w workload, a stage.Answer, want string) {
	source := a.Label("source")
	f.sources[source]++
	if source != want {
		f.left = append(f.left, w)
	}
	if source == "" {
		f.failure = fmt.Sprintf("%s/%s: %s", w.namespace, w.name, a)
	}
}
