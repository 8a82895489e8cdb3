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

// way is one way to ask, with what came of it by the servers' names.
type way struct {
	name    string
	clients *load.Clients
	length  time.Duration
	rate    float64
	pools   map[string]*pool
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
	pools := func() map[string]*pool { return map[string]*pool{b.crest.name: {}, b.floor.name: {}} }
	ways := []way{
		{
			name: fmt.Sprintf("%d/s, as an HPA controller", controllerRate), clients: load.NewClients(as, controllerWorkers),
			length: report.Pick(o, 10*time.Second, time.Second), rate: controllerRate, pools: pools(),
		},
		{
			name: fmt.Sprintf("%d clients", atOnce), clients: load.NewClients(as, atOnce),
			length: report.Pick(o, 5*time.Second, 500*time.Millisecond), pools: pools(),
		},
	}
	for _, w := range ways {
		defer w.clients.Close()
	}
	for _, s := range turns(report.Pick(o, 4, 1), b.floor, b.crest) {
		for _, w := range ways {
			if err := b.register(ctx, s, w.clients); err != nil {
				return report.Result{}, err
			}
			plan := b.plan(s, inProtobuf, w.length, mostPerSlice)
			plan.Rate = w.rate
			if err := b.slice(ctx, s, w.clients, plan, w.pools[s.name]); err != nil {
				return report.Result{}, fmt.Errorf("%s, %s: %w", s.name, w.name, err)
			}
		}
		o.Say("%s has had its turn", s.name)
	}
	return b.compareWays(o, ways), nil
}

// compareWays tells what came of them.
func (b *setting) compareWays(o report.Options, ways []way) report.Result {
	t := report.Table{
		Caption: fmt.Sprintf("Answers through kube-apiserver and its aggregator, in protobuf, about %d workloads in turn; "+
			"the one registration of the API leads to the floor and to Crest in turns. ± is how far the slices of one server lie apart.", len(b.paths)),
		Columns: []string{
			"how", "server", "answers", "answers/s", "p50", "p99", "p99.9", "CPU an answer", "of kube-apiserver",
			"throughput: floor's ×", "p50: floor's ×", "p99: floor's ×", "CPU: floor's ×", "kube-apiserver's CPU: floor's ×",
		},
	}
	var goals []report.Goal
	for _, w := range ways {
		crest, floor := w.pools[b.crest.name], w.pools[b.floor.name]
		c := compare(crest, floor)
		t.Add(append([]any{w.name, floorName}, append(row(floor), report.Duration(floor.perAnswer(floor.api)), "", "", "", "", "")...)...)
		t.Add(append([]any{w.name, b.crest.name}, append(row(crest), report.Duration(crest.perAnswer(crest.api)),
			ratio(c.throughput), ratio(c.p50), ratio(c.p99), ratio(c.cpu), ratio(c.api))...)...)
		o.Say("%s: %.3f of the floor's throughput, %.3f of its median, %.3f of its p99", w.name, c.throughput, c.p50, c.p99)
		if w.rate == 0 {
			goals = append(goals, notWorse("throughput through the aggregator, "+w.name, c.throughput-1, max(spread(crest.rates), spread(floor.rates))))
		} else {
			goals = append(goals, notWorse("median through the aggregator, "+w.name, 1-c.p50, max(spread(crest.medians), spread(floor.medians))))
		}
	}
	return report.Result{Tables: []report.Table{t}, Goals: goals}
}

// notWorse is the goal that Crest is worse than the floor by no more than the slices of one server lie apart. better is
// the part by which it is better, noise is in percent.
func notWorse(what string, better, noise float64) report.Goal {
	return report.Goal{
		What: what, Want: fmt.Sprintf("worse than the floor by at most the noise of ± %.1f %%", noise),
		Got: fmt.Sprintf("better by %.1f %%", 100*better), Reached: better >= -noise/100,
	}
}
