package answers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/crest-hpa/crest/test/bench/load"
	"github.com/crest-hpa/crest/test/bench/report"
)

// Direct is the experiment over the adapter's own HTTPS.
func Direct() report.Experiment {
	return report.Experiment{Name: "answers", Title: "Answers over the adapter's own HTTPS", Run: direct}
}

func direct(ctx context.Context, o report.Options) (report.Result, error) {
	b, err := open(ctx, o)
	if err != nil {
		return report.Result{}, err
	}
	defer b.stage.Stop()
	var rows []row
	for _, in := range []encoding{inJSON, inProtobuf} {
		for _, connections := range []int{1, 8, 64} {
			r, err := b.side(ctx, o, in, connections)
			if err != nil {
				return report.Result{}, fmt.Errorf("%s over %d connections: %w", in.name, connections, err)
			}
			rows = append(rows, r)
			o.Say("%s", r)
		}
	}
	caption := fmt.Sprintf("Over HTTPS, as the aggregator asks for an HPA controller, about %d workloads in turn; slices of %s, %s",
		len(b.paths), sliceLength(o), inTurns)
	return report.Result{Tables: tables(caption, rows), Goals: directGoals(rows)}, nil
}

// directGoals are those of the worst row, and of all rows together.
func directGoals(rows []row) []report.Goal {
	var throughput, p99 []float64
	for _, r := range rows {
		c := r.compare()
		throughput, p99 = append(throughput, c.throughput), append(p99, c.p99)
	}
	return []report.Goal{
		report.AtLeast("answers over HTTPS: throughput beside the floor's, mean of all rows", geometric(throughput), 0.97, " ×"),
		report.AtLeast("the same, worst row", slices.Min(throughput), 0.97, " ×"),
		report.AtMost("answers over HTTPS: p99 beside the floor's, mean of all rows", geometric(p99), 1.05, " ×"),
		report.AtMost("the same, worst row", slices.Max(p99), 1.05, " ×"),
	}
}

// sliceLength is long beside the 10 ms in which the kernel counts CPU time, and short beside the moods of a machine.
func sliceLength(o report.Options) time.Duration {
	return report.Pick(o, time.Second, 300*time.Millisecond)
}

// mostPerSlice bounds a slice; no server comes near it.
const mostPerSlice = 100_000

// side measures Crest and the floor side by side.
func (b *setting) side(ctx context.Context, o report.Options, in encoding, connections int) (row, error) {
	r := newRow(fmt.Sprintf("%s, %d connections", in.name, connections))
	clients := map[string]*load.Clients{}
	for _, s := range []server{b.crest, b.floor} {
		as, err := s.asAggregator()
		if err != nil {
			return r, err
		}
		clients[s.name] = load.NewClients(as, connections)
		defer clients[s.name].Close()
		// Connections and authorizations are there before anything is measured.
		if _, err := clients[s.name].Run(ctx, b.plan(s, in, time.Second, max(connections, len(b.paths)))); err != nil {
			return r, err
		}
	}
	for _, s := range turns(report.Pick(o, 12, 1), b.floor, b.crest) {
		if err := b.slice(ctx, s, clients[s.name], b.plan(s, in, sliceLength(o), mostPerSlice), r.pools[s.name]); err != nil {
			return r, err
		}
	}
	return r, nil
}
