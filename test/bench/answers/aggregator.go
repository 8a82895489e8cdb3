package answers

import (
	"context"
	"fmt"
	"time"

	"github.com/crest-hpa/crest/test/bench/load"
	"github.com/crest-hpa/crest/test/bench/report"
)

// Aggregator is the experiment through the real kube-apiserver.
func Aggregator() report.Experiment {
	return report.Experiment{Name: "aggregator", Title: "Answers through kube-apiserver and its aggregator", Run: aggregator}
}

// What asks: an HPA controller at its client's default limit of 20 requests a second, with its five workers; and many
// clients, each as fast as it is answered.
const (
	controllerRate    = 20
	controllerWorkers = 5
	atOnce            = 16
)

// way is one way to ask, with what came of it.
type way struct {
	row
	clients *load.Clients
	length  time.Duration
	rate    float64
}

func aggregator(ctx context.Context, o report.Options) (report.Result, error) {
	b, err := open(ctx, o)
	if err != nil {
		return report.Result{}, err
	}
	defer b.stage.Stop()
	as, err := b.throughAPIServer(ctx)
	if err != nil {
		return report.Result{}, err
	}
	ways := []way{
		{
			row: newRow(fmt.Sprintf("%d/s, as an HPA controller", controllerRate)), clients: load.NewClients(as, controllerWorkers),
			length: report.Pick(o, 8*time.Second, time.Second), rate: controllerRate,
		},
		{
			row: newRow(fmt.Sprintf("%d clients", atOnce)), clients: load.NewClients(as, atOnce),
			length: report.Pick(o, 4*time.Second, 500*time.Millisecond),
		},
	}
	for _, w := range ways {
		defer w.clients.Close()
	}
	for _, w := range ways {
		// One way after the other: a fast one would leave all authorizations behind for a slow one.
		for _, s := range turns(report.Pick(o, 4, 1), b.floor, b.crest) {
			if err := b.turn(ctx, s, w); err != nil {
				return report.Result{}, fmt.Errorf("%s, %s: %w", s.name, w.how, err)
			}
		}
		o.Say("%s", w)
	}
	caption := fmt.Sprintf("Through kube-apiserver and its aggregator, in protobuf, about %d workloads in turn; "+
		"the one registration of the API leads to %s", len(b.paths), inTurns)
	return report.Result{Tables: tables(caption, []row{ways[0].row, ways[1].row}), Goals: aggregatorGoals(ways[0].row, ways[1].row)}, nil
}

// turn asks one server in one way.
func (b *setting) turn(ctx context.Context, s server, w way) error {
	if err := b.register(ctx, s, w.clients); err != nil {
		return err
	}
	plan := b.plan(s, inProtobuf, w.length, mostPerSlice)
	plan.Rate = w.rate
	return b.slice(ctx, s, w.clients, plan, w.pools[s.name])
}

// aggregatorGoals are those at a rate, where latency counts, and at saturation, where throughput does.
func aggregatorGoals(paced, saturated row) []report.Goal {
	return []report.Goal{
		notWorse("median through the aggregator, "+paced.how, 1-paced.compare().p50,
			max(spread(paced.pools[crestName].medians), spread(paced.pools[floorName].medians))),
		notWorse("throughput through the aggregator, "+saturated.how, saturated.compare().throughput-1,
			max(spread(saturated.pools[crestName].rates), spread(saturated.pools[floorName].rates))),
	}
}

// notWorse is the goal that Crest is worse than the floor by no more than the slices of one server lie apart. better is
// the part by which it is better, noise is in percent.
func notWorse(what string, better, noise float64) report.Goal {
	got := fmt.Sprintf("better by %.1f %%", 100*better)
	if better < 0 {
		got = fmt.Sprintf("worse by %.1f %%", -100*better)
	}
	want := fmt.Sprintf("worse than the floor by at most the noise of %.1f %%", noise)
	return report.Goal{What: what, Want: want, Got: got, Reached: better >= -noise/100}
}
