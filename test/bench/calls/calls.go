package calls

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crest-hpa/crest/test/bench/fleet"
	"github.com/crest-hpa/crest/test/bench/report"
)

// ofOneCall is how many workloads the Datadog Cluster Agent asks about in one call, as its documentation says.
const ofOneCall = 35

// story is so much time with so many workloads.
type story struct {
	what      string
	workloads int
	kinds     []string
	length    time.Duration
	// there is how many of the workloads there are after some time; nil is all of them.
	there func(passed time.Duration) int
	// most is how many workloads one call may be about.
	most int
}

// count is what a story has cost.
type count struct {
	story
	// calls and collections are those to Datadog, lists those of Pod metrics, a namespace each.
	calls, collections, lists int
	// queries, question and answer are the most metric queries and the most bytes of one call.
	queries, question, answer int
	// answered is how many workloads Datadog answers at the end.
	answered int
}

// namespaces is over how many the workloads are spread, where there are so many.
const namespaces = 20

// tell lives through a story and counts.
func (s story) tell(ctx context.Context) (count, error) {
	l, err := newLife(fleet.Options{
		Workloads: s.workloads, Namespaces: min(namespaces, s.workloads), Kinds: s.kinds, Containers: []string{"app"},
	}, s.most)
	if err != nil {
		return count{}, fmt.Errorf("%s: %w", s.what, err)
	}
	there := s.there
	if there == nil {
		there = func(time.Duration) int { return s.workloads }
	}
	if err := errors.Join(l.live(ctx, s.length, there), l.end()); err != nil {
		return count{}, fmt.Errorf("%s: %w", s.what, err)
	}
	c := count{story: s, calls: l.sim.Total(), collections: l.source.collections, lists: l.pods.lists, answered: l.answered()}
	for _, r := range l.sim.Requests() {
		c.queries, c.question, c.answer = max(c.queries, len(r.Queries)), max(c.question, r.BodyBytes), max(c.answer, r.AnswerBytes)
	}
	if c.answered != s.workloads {
		return c, fmt.Errorf("%s: Datadog answers %d of %d workloads at the end, so that the calls are not all that are needed", s.what, c.answered, s.workloads)
	}
	return c, nil
}

// anHour is how many there would be in an hour.
func (c count) anHour(n int) int { return int(int64(n) * int64(time.Hour) / int64(c.length)) }

// floor is how many calls an hour the same workloads cost in batches of 35.
func (c count) floor() int { return ceil(c.workloads, ofOneCall) * int(time.Hour/interval) }

// needed is how many calls the story needs when each collection makes as few as it can.
func (c count) needed() int { return ceil(c.workloads, c.most) * int(c.length/interval) }

func ceil(n, by int) int { return (n + by - 1) / by }

// Experiment counts calls as workloads grow.
func Experiment() report.Experiment {
	return report.Experiment{Name: "calls", Title: "Calls to Datadog as workloads grow", Run: run}
}

func run(ctx context.Context, o report.Options) (report.Result, error) {
	hour := report.Pick(o, time.Hour, 5*time.Minute)
	// Beyond two batches an hour is long for the simulator, and every collection is like the one before.
	part := report.Pick(o, 10*time.Minute, time.Minute)
	var growing, special []count
	for _, n := range report.Pick(o, []int{1, 10, 100, 1000, 2000, 5000, 10_000}, []int{1, 100, 3000}) {
		s := story{what: fmt.Sprintf("%d workloads", n), workloads: n, kinds: []string{"deployment"}, length: hour, most: mostOfDefaults}
		if n > 2*mostOfDefaults {
			s.length = part
		}
		c, err := s.told(ctx, o)
		if err != nil {
			return report.Result{}, err
		}
		growing = append(growing, c)
	}
	for _, s := range specials(report.Pick(o, 1000, 50), hour) {
		c, err := s.told(ctx, o)
		if err != nil {
			return report.Result{}, err
		}
		special = append(special, c)
	}
	return report.Result{Tables: []report.Table{growth(growing), others(special)}, Goals: goals(growing, special)}, nil
}

// told tells progress too.
func (s story) told(ctx context.Context, o report.Options) (count, error) {
	c, err := s.tell(ctx)
	if err == nil {
		o.Say("%s: %d calls in %s", s.what, c.calls, s.length)
	}
	return c, err
}

// specials are stories that are not about the number of workloads.
func specials(n int, hour time.Duration) []story {
	kinds := []string{"deployment", "statefulset", "rollout"}
	oneByOne := func(passed time.Duration) int { return min(1+int(int64(n)*int64(passed)/int64(hour-time.Minute)), n) }
	atOnce := func(passed time.Duration) int {
		if passed < hour/2+interval/3 { // between two collections
			return 1
		}
		return n
	}
	return []story{
		{fmt.Sprintf("%d workloads of three kinds", n), n, kinds, hour, nil, mostOfDefaults},
		{fmt.Sprintf("1 workload, and after half of the time %d more at once", n-1), n, kinds[:1], hour, atOnce, mostOfDefaults},
		{fmt.Sprintf("%d workloads, made one by one all the time", n), n, kinds[:1], hour, oneByOne, mostOfDefaults},
	}
}

func growth(counts []count) report.Table {
	t := report.Table{
		Caption: fmt.Sprintf("Calls counted at the simulator; the loop and the Datadog client are the product's, with the default intervals, and the clock is set forward. "+
			"The workloads are Deployments of one container in up to %d namespaces. The floor is ⌈N/%d⌉ calls every 30 s.", namespaces, ofOneCall),
		Columns: []string{"workloads", "simulated", "calls a collection", "calls an hour", "in batches of 35", "largest question", "largest answer", "LISTs of Pod metrics an hour"},
	}
	for _, c := range counts {
		t.Add(c.workloads, c.length, report.Number(float64(c.calls)/float64(c.collections)), c.anHour(c.calls), c.floor(), kB(c.question), kB(c.answer), c.anHour(c.lists))
	}
	return t
}

func others(counts []count) report.Table {
	t := report.Table{
		Caption: "The same where workloads are of several kinds (one call has two queries a kind), and where they come while others are there (a new one is asked about at once).",
		Columns: []string{"workloads", "simulated", "collections", "calls an hour", "queries in a call"},
	}
	for _, c := range counts {
		t.Add(c.what, c.length, c.collections, c.anHour(c.calls), c.queries)
	}
	return t
}

func kB(n int) string { return report.Number(float64(n)/1000) + " kB" }

func goals(growing, special []count) []report.Goal {
	var all []report.Goal
	small, large := 0, 0.0
	for _, c := range growing {
		if c.workloads <= mostOfDefaults {
			small = max(small, c.anHour(c.calls))
		} else {
			large = max(large, float64(c.calls)/float64(c.needed()))
		}
	}
	all = append(all,
		report.AtMost("calls to Datadog an hour, up to 1,000 workloads", float64(small), float64(time.Hour/interval), ""),
		report.AtMost("calls to Datadog beyond 1,000 workloads, of ⌈N/1000⌉ a collection", large, 1, "×"))
	if i := slices.IndexFunc(special, func(c count) bool { return len(c.kinds) > 1 }); i >= 0 {
		all = append(all, report.AtMost("calls to Datadog an hour, "+special[i].what, float64(special[i].anHour(special[i].calls)), float64(time.Hour/interval), ""))
	}
	return all
}
