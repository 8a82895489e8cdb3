package scale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crest-hpa/crest/test/bench/process"
	"github.com/crest-hpa/crest/test/bench/report"
	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/datadogsim"
)

const (
	// interval is fallback.interval, and recognized within what the documentation promises.
	interval, recognizedWithin = 15 * time.Second, time.Minute
	// look is how often one workload of each namespace is read until the outage shows.
	look = 200 * time.Millisecond
)

// Outage is the experiment about all workloads that lose Datadog at once.
func Outage() report.Experiment {
	return report.Experiment{Name: "outage", Title: "Datadog dies at 10,000 workloads", Run: runOutage}
}

func runOutage(ctx context.Context, o report.Options) (report.Result, error) {
	s, err := newSite(ctx, o, cluster.Options{Audit: true})
	if err != nil {
		return report.Result{}, err
	}
	defer s.stop()
	all := make([]workload, 0, report.Pick(o, 10_000, 100))
	for i := range cap(all) {
		all = append(all, newWorkload(i, 1+i%2))
	}
	if err := s.fill(ctx, all); err != nil {
		return report.Result{}, err
	}
	if err := s.installAdapter(ctx); err != nil {
		return report.Result{}, err
	}
	if err := s.awaitAnswers(ctx, len(all)); err != nil {
		return report.Result{}, err
	}
	o.Say("Datadog answers for %d workloads; it dies", len(all))
	f, err := s.strike(ctx, all)
	if err != nil {
		return report.Result{}, err
	}
	return f.result(len(all), int(s.writer.pods.Load())), nil
}

// fallen is how the workloads fell back.
type fallen struct {
	fault, first, last time.Time
	// sweep is how long it takes to read all workloads once: so much later than it is so all may be seen to be.
	sweep time.Duration
	// without is how many answers held no value meanwhile, of how many; failure is one of them.
	without, answers int
	failure          string
	// calls are those of the adapter until all had fallen back, and steady those of the minute after.
	calls, steady []calls
	// cpu is that of the adapter until then, and peak the most memory that it had, in bytes.
	cpu  time.Duration
	peak int64
}

// strike has Datadog refuse all connections, and waits until metrics-server answers for all.
func (s *site) strike(ctx context.Context, all []workload) (fallen, error) {
	pid, begun := s.adapter.Pid(), time.Now()
	if _, err := s.sweep(ctx, all, datadog); err != nil {
		return fallen{}, err
	}
	f := fallen{sweep: time.Since(begun)}
	before, err := process.CPU(pid)
	if err := errors.Join(err, process.ResetPeak(pid)); err != nil {
		return f, err
	}
	f.fault = time.Now()
	if err := s.datadog.SetFault(datadogsim.Fault{Kind: datadogsim.Refuse}); err != nil {
		return f, err
	}
	if err := s.recognize(ctx, &f, all[:min(namespaces, len(all))]); err != nil {
		return f, err
	}
	s.options.Say("metrics-server answers first after %s", report.Duration(f.first.Sub(f.fault)))
	if err := s.fallBack(ctx, &f, all); err != nil {
		return f, err
	}
	s.options.Say("it answers for all after %s", report.Duration(f.last.Sub(f.fault)))
	after, err := process.CPU(pid)
	if err != nil {
		return f, err
	}
	f.cpu = after - before
	if f.peak, err = process.Peak(pid); err != nil {
		return f, err
	}
	return f, s.count(ctx, &f)
}

// recognize waits for the first answer of metrics-server, among one workload of each namespace.
func (s *site) recognize(ctx context.Context, f *fallen, some []workload) error {
	return await(ctx, "metrics-server answers", 3*time.Minute, look, func(ctx context.Context) error {
		found, err := s.sweep(ctx, some, metricsServer)
		if err != nil {
			return err
		}
		f.note(found)
		if len(found.left) == len(some) {
			return fmt.Errorf("%d of %d answers are Datadog's; %s", found.sources[datadog], len(some), found.failure)
		}
		f.first = time.Now()
		return nil
	})
}

// fallBack waits until metrics-server answers for all: what a sweep finds done is not asked again.
func (s *site) fallBack(ctx context.Context, f *fallen, left []workload) error {
	return await(ctx, "metrics-server answers for all", 3*time.Minute, look, func(ctx context.Context) error {
		found, err := s.sweep(ctx, left, metricsServer)
		if err != nil {
			return err
		}
		f.note(found)
		if left = found.left; len(left) > 0 {
			return fmt.Errorf("%d are left: %v; %s", len(left), found.sources, found.failure)
		}
		f.last = time.Now()
		return nil
	})
}

func (f *fallen) note(found swept) {
	for source, n := range found.sources {
		f.answers += n
		if source == "" {
			f.without += n
		}
	}
	if found.failure != "" {
		f.failure = found.failure
	}
}

// count reads what the adapter has asked the API server, once the outage is a minute older.
func (s *site) count(ctx context.Context, f *fallen) error {
	end := f.last.Add(report.Pick(s.options, time.Minute, interval))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(end)):
	}
	var err error
	if f.calls, err = s.callsBetween(f.fault, f.last); err != nil {
		return err
	}
	f.steady, err = s.callsBetween(f.last, end)
	return err
}
