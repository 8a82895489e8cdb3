package datadog

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// inParallel is how many calls are on their way at once.
const inParallel = 3

// round is one collection: some batches, a few at a time. It gives up when it
// is clear that no batch will succeed, so that an outage takes one timeout to
// be seen, however many batches there are, and wrong keys cost one refusal.
type round struct {
	client *Client
	now    time.Time
	watch  stopwatch

	mu        sync.Mutex
	succeeded bool
	timeouts  int
	verdict   *Error
}

func (c *Client) newRound(now time.Time) *round {
	return &round{client: c, now: now, watch: startStopwatch(c.now)}
}

// run asks about each part and gives a batch for each, in their order.
func (r *round) run(ctx context.Context, parts [][]utilization.Workload) []utilization.Batch {
	batches := make([]utilization.Batch, len(parts))
	// A call over HTTP/2 that times out leaves its connection to the next.
	if r.client.doubtful.Swap(false) {
		r.client.reconnect()
	}
	k, err := readKeys(r.client.apiKey, r.client.appKey)
	if err != nil {
		for i, part := range parts {
			batches[i] = utilization.Batch{Workloads: part, Err: err}
		}
		return batches
	}
	var wg sync.WaitGroup
	turns := make(chan struct{}, inParallel)
	for i, part := range parts {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			usage, err := r.ask(ctx, k, part)
			batches[i] = utilization.Batch{Workloads: part, Usage: usage, Err: err, Empty: isEmpty(err)}
		})
	}
	wg.Wait()
	return batches
}

// ask puts the question about one part, unless there is no point in it.
func (r *round) ask(ctx context.Context, k keys, part []utilization.Workload) (Usage, error) {
	if verdict := r.given(); verdict != nil {
		return nil, &Error{Code: verdict.Code, Text: verdict.Text, Err: verdict}
	}
	now := r.now.Add(r.watch.elapsed())
	if err := r.client.budget.admit(now); err != nil {
		return nil, err
	}
	usage, err := r.client.call(ctx, k, r.client.scope.Ask(part, r.now), now)
	r.client.count(err)
	r.judge(err, len(part))
	return usage, err
}

func isEmpty(err error) bool {
	failure := (*Error)(nil)
	return errors.As(err, &failure) && failure.Empty()
}

// given is the failure that all further batches share, if there is one.
func (r *round) given() *Error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.succeeded {
		return nil
	}
	return r.verdict
}

// judge learns from the outcome of a batch of this many workloads.
func (r *round) judge(err error, workloads int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	failure := (*Error)(nil)
	if !errors.As(err, &failure) {
		r.succeeded = true
		return
	}
	if failure.Code == CodeTimeout {
		r.timeouts++
		r.client.doubtful.Store(true)
		if !beforeAnswer(failure) {
			r.client.batches.timedOut(workloads, r.now)
		}
	}
	if failure.hopeless() || r.timeouts >= inParallel {
		r.verdict = failure
	}
}
