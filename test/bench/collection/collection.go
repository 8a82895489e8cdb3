package collection

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/crest-hpa/crest/test/bench/collection/measurement"
	"github.com/crest-hpa/crest/test/bench/fleet"
	"github.com/crest-hpa/crest/test/bench/report"
)

// containers are those of each workload.
var containers = []string{"app", "istio-proxy", "logs"}

// queries are those of each container: the mean over its Pods, and the sum.
const queries = 2

// comparison is collections of one size, made by Crest and plainly.
type comparison struct {
	workloads, calls, bytes int
	crest, plain            []measurement.Measurement
	// live are Crest's where garbage is collected all the time: what is resident is in use.
	live []measurement.Measurement
}

// The values of GOGC: Go's own, and one with which little garbage is ever there.
const (
	ordinary = 100
	tight    = 5
)

// Experiment measures collections of several sizes.
func Experiment() report.Experiment {
	return report.Experiment{Name: "collection", Title: "One collection from Datadog", Run: run}
}

func run(ctx context.Context, o report.Options) (report.Result, error) {
	dir, err := os.MkdirTemp("", "crest-bench-collection-")
	if err != nil {
		return report.Result{}, fmt.Errorf("making a directory for the client: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is the system's to clean up
	c, err := buildClient(ctx, dir)
	if err != nil {
		return report.Result{}, err
	}
	var all []comparison
	// Of 3,000 workloads on, as many calls are on their way at once as ever are.
	for _, n := range report.Pick(o, []int{1000, 3000, 10_000}, []int{50, 100, 2000}) {
		o.Say("collections of %d workloads with %d containers each", n, len(containers))
		compared, err := compare(ctx, c, n, report.Pick(o, 10, 1))
		if err != nil {
			return report.Result{}, err
		}
		all = append(all, compared)
	}
	return report.Result{Tables: []report.Table{table(all)}, Goals: goals(all)}, nil
}

// compare makes collections of so many workloads, in turns: Crest's, a plain one, and back again.
func compare(ctx context.Context, c client, workloads, rounds int) (compared comparison, err error) {
	f, err := fleet.New(fleet.Options{Workloads: workloads, Namespaces: 100, Kinds: []string{"deployment"}, Containers: containers}, begin)
	if err != nil {
		return compared, err
	}
	if err := f.Live(now.Sub(begin)); err != nil {
		return compared, err
	}
	r, err := newRecording(f)
	if err != nil {
		return compared, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	task := measurement.Task{How: measurement.Crest, URL: r.url, Now: now, GCPercent: ordinary, WarmUp: f.Workloads[:10], Workloads: f.Workloads}
	// The first collection is not measured: the simulator answers it, and every later one is answered from memory.
	if _, err := c.do(ctx, task); err != nil {
		return compared, err
	}
	task.Questions = r.heard()
	compared = comparison{workloads: workloads, calls: len(task.Questions) - 1, bytes: r.bytes(task.Questions[1:])}
	for range rounds {
		for _, turn := range []struct {
			how string
			gc  int
		}{{measurement.Crest, ordinary}, {measurement.Plain, ordinary}, {measurement.Crest, tight}, {measurement.Plain, ordinary}, {measurement.Crest, ordinary}} {
			task.How, task.GCPercent = turn.how, turn.gc
			m, err := c.do(ctx, task)
			if err != nil {
				return compared, err
			}
			if err := compared.add(task, m); err != nil {
				return compared, err
			}
		}
	}
	return compared, nil
}

// add keeps a measurement of a collection that has brought everything.
func (c *comparison) add(task measurement.Task, m measurement.Measurement) error {
	want := c.workloads * len(containers)
	if task.How == measurement.Crest {
		switch {
		case m.Containers != want:
			return fmt.Errorf("crest has the usage of %d containers, want %d", m.Containers, want)
		case task.GCPercent == tight:
			c.live = append(c.live, m)
		default:
			c.crest = append(c.crest, m)
		}
		return nil
	}
	if m.Series != queries*want {
		return fmt.Errorf("the answers have %d series, want %d", m.Series, queries*want)
	}
	c.plain = append(c.plain, m)
	return nil
}

// median is that of one number of several measurements, at least one.
func median[T ~int64](all []measurement.Measurement, of func(measurement.Measurement) T) T {
	numbers := make([]T, 0, len(all))
	for _, m := range all {
		numbers = append(numbers, of(m))
	}
	slices.Sort(numbers)
	return (numbers[(len(numbers)-1)/2] + numbers[len(numbers)/2]) / 2
}

func cpu(m measurement.Measurement) time.Duration  { return m.CPU }
func wall(m measurement.Measurement) time.Duration { return m.Wall }
func peak(m measurement.Measurement) int64         { return m.Peak }
func allocated(m measurement.Measurement) int64    { return m.Allocated }
func kept(m measurement.Measurement) int64         { return m.Kept }

// passing is the memory that a collection needs while it is made, beyond its result.
func passing(m measurement.Measurement) int64 { return m.Peak - max(m.Kept, 0) }
