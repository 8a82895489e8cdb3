package controller

import (
	"fmt"
	"math"
	"time"

	"github.com/crest-hpa/crest/test/bench/report"
)

// result is what is told of all phases.
func result(p plan, found map[phase][]slice) report.Result {
	r := report.Result{Tables: []report.Table{syncs(p, found), costs(p, found)}}
	for _, hpas := range []int{p.few, p.many} {
		r.Goals = append(r.Goals, goals(hpas, found[phase{byCrest, hpas}], found[phase{byResource, hpas}])...)
	}
	return r
}

// ordered are the phases by their size.
func ordered(p plan) []phase {
	return []phase{{byResource, p.few}, {byCrest, p.few}, {byResource, p.many}, {byCrest, p.many}}
}

func whole(slices []slice) slice { return slices[0].plus(slices[1]) }

func syncs(p plan, found map[phase][]slice) report.Table {
	t := report.Table{
		Caption: "What the controller says of itself at its `/metrics`. Quantiles are drawn through buckets that double, as `histogram_quantile` does. " +
			"*Queued* is how long an HPA that is due waits for one of five workers; *at the limit*, the mean time in a sync at its clients' 20 requests a second.",
		Columns: []string{"HPAs", "on", "syncs", "failed", "scaled", "each every", "sync: p50", "p99", "mean", "at the limit", "the rest", "reading: mean", "queued: mean", "queue"},
	}
	for _, ph := range ordered(p) {
		s := whole(found[ph])
		t.Add(ph.hpas, string(ph.way), s.syncs, s.failed, s.scaled, report.Duration(s.every(ph.hpas)),
			report.Duration(s.sync.quantile(0.5)), report.Duration(s.sync.quantile(0.99)), report.Duration(s.sync.mean()),
			report.Duration(s.waited()), report.Duration(max(0, s.sync.mean()-s.waited())), report.Duration(s.reading.mean()),
			report.Duration(s.queued.mean()), s.depth)
	}
	return t
}

func costs(p plan, found map[phase][]slice) report.Table {
	processes := []string{manager, apiServer, metricsServer, adapter}
	t := report.Table{
		Caption: "CPU time a sync, of each process, with all else that it does meanwhile: collecting, scraping, watching.",
		Columns: append(append([]string{"HPAs", "on"}, processes...), "requests of the controllers a sync"),
	}
	for _, ph := range ordered(p) {
		s := whole(found[ph])
		row := []any{ph.hpas, string(ph.way)}
		for _, name := range processes {
			row = append(row, report.Duration(s.perSync(s.cpu[name])))
		}
		t.Add(append(row, report.Number(s.requests/s.syncs))...)
	}
	return t
}

// leastNoise is by how much two ways may differ in any case: two slices can be alike by chance.
const leastNoise = 0.05

// goals are that syncs on Crest are no slower than on ContainerResource, but for what two slices of one phase differ.
func goals(hpas int, crest, resource []slice) []report.Goal {
	var all []report.Goal
	for _, of := range []struct {
		name string
		take func(slice) time.Duration
	}{
		{"p50", func(s slice) time.Duration { return s.sync.quantile(0.5) }},
		{"p99", func(s slice) time.Duration { return s.sync.quantile(0.99) }},
		{"mean", func(s slice) time.Duration { return s.sync.mean() }},
	} {
		ratio := float64(of.take(whole(crest))) / float64(of.take(whole(resource)))
		noise := max(leastNoise, spread(crest, of.take), spread(resource, of.take))
		what := fmt.Sprintf("a sync of one of %d HPAs, %s, beside `ContainerResource`", hpas, of.name)
		all = append(all, report.AtMost(what, ratio, 1+noise, "×"))
	}
	return all
}

// spread is by how much of their mean two slices differ.
func spread(slices []slice, take func(slice) time.Duration) float64 {
	a, b := float64(take(slices[0])), float64(take(slices[1]))
	return math.Abs(a-b) / ((a + b) / 2)
}
