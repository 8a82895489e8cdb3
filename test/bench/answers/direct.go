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
	t := report.Table{
		Caption: fmt.Sprintf("Answers over HTTPS, as the aggregator asks for an HPA controller, about %d workloads in turn; slices of %s, floor and Crest in turns. "+
			"± is how far the slices of one server lie apart.", len(b.paths), sliceLength(o)),
		Columns: []string{"encoding", "connections", "server", "answers", "answers/s", "p50", "p99", "p99.9", "CPU an answer", "throughput: floor's ×", "p99: floor's ×", "CPU: floor's ×"},
	}
	var ratios []comparison
	for _, in := range []encoding{inJSON, inProtobuf} {
		for _, connections := range []int{1, 8, 64} {
			crest, floor, err := b.side(ctx, o, in, connections)
			if err != nil {
				return report.Result{}, fmt.Errorf("%s over %d connections: %w", in.name, connections, err)
			}
			c := compare(crest, floor)
			ratios = append(ratios, c)
			t.Add(append([]any{in.name, connections, floorName}, append(row(floor), "", "", "")...)...)
			t.Add(append([]any{in.name, connections, "Crest"}, append(row(crest), ratio(c.throughput), ratio(c.p99), ratio(c.cpu))...)...)
			o.Say("%s, %d connections: %.3f of the floor's throughput, %.3f of its p99, %.3f of its CPU", in.name, connections, c.throughput, c.p99, c.cpu)
		}
	}
	return report.Result{Tables: []report.Table{t}, Goals: goals(ratios)}, nil
}

// row is what a server did.
func row(p *pool) []any {
	return []any{
		p.Answers,
		fmt.Sprintf("%s ± %.1f %%", report.Number(p.Rate()), spread(p.rates)),
		report.Duration(p.Quantile(50)),
		fmt.Sprintf("%s ± %.1f %%", report.Duration(p.Quantile(99)), spread(p.tails)),
		report.Duration(p.Quantile(99.9)),
		report.Duration(p.perAnswer(p.cpu)),
	}
}

func ratio(r float64) string { return fmt.Sprintf("%.3f", r) }

// goals are those of the worst row, and of all rows together.
func goals(ratios []comparison) []report.Goal {
	var throughput, p99 []float64
	for _, c := range ratios {
		throughput, p99 = append(throughput, c.throughput), append(p99, c.p99)
	}
	return []report.Goal{
		report.AtLeast("throughput beside the floor's, mean of all rows", geometric(throughput), 0.97, " ×"),
		report.AtLeast("throughput beside the floor's, worst row", slices.Min(throughput), 0.97, " ×"),
		report.AtMost("p99 beside the floor's, mean of all rows", geometric(p99), 1.05, " ×"),
		report.AtMost("p99 beside the floor's, worst row", slices.Max(p99), 1.05, " ×"),
	}
}

// sliceLength is long beside the 10 ms in which the kernel counts CPU time, and short beside the moods of a machine.
func sliceLength(o report.Options) time.Duration {
	return report.Pick(o, time.Second, 300*time.Millisecond)
}

// mostPerSlice bounds a slice; no server comes near it.
const mostPerSlice = 100_000

// side measures Crest and the floor side by side.
func (b *setting) side(ctx context.Context, o report.Options, in encoding, connections int) (crest, floor *pool, err error) {
	crest, floor = &pool{}, &pool{}
	pools := map[string]*pool{b.crest.name: crest, b.floor.name: floor}
	clients := map[string]*load.Clients{}
	for _, s := range []server{b.crest, b.floor} {
		as, err := s.asAggregator()
		if err != nil {
			return nil, nil, err
		}
		clients[s.name] = load.NewClients(as, connections)
		defer clients[s.name].Close()
		// Connections and authorizations are there before anything is measured.
		if _, err := clients[s.name].Run(ctx, b.plan(s, in, time.Second, max(connections, len(b.paths)))); err != nil {
			return nil, nil, err
		}
	}
	for _, s := range turns(report.Pick(o, 12, 1), b.floor, b.crest) {
		if err := b.slice(ctx, s, clients[s.name], b.plan(s, in, sliceLength(o), mostPerSlice), pools[s.name]); err != nil {
			return nil, nil, err
		}
	}
	return crest, floor, nil
}
