package reaction

import (
	"fmt"
	"slices"
	"time"

	"github.com/crest-hpa/crest/test/bench/report"
)

// totals is how long it took, for each way.
func totals(p plan, paths map[way][]path) report.Table {
	t := report.Table{
		Caption: fmt.Sprintf("From %.0f %% to %.0f %% of a target of %.0f %%, %d jumps each. *Acted*: the HPA has raised the replicas. "+
			"*Enough*: to so many that it asks for no more (%d of %d).",
			calm, hot, target, p.jumps, enough(int(p.pods)), needed(int(p.pods))),
		Columns: []string{"HPA on", "acted: median", "worst", "enough: median", "worst", "most replicas", "needed"},
	}
	for _, w := range p.ways {
		acted, sated, peak := of(paths[w], path.acted), of(paths[w], func(p path) time.Duration { return p.enough }), 0
		for _, q := range paths[w] {
			peak = max(peak, q.peak)
		}
		t.Add(w.title, report.Duration(median(acted)), report.Duration(slices.Max(acted)),
			report.Duration(median(sated)), report.Duration(slices.Max(sated)), peak, needed(int(p.pods)))
	}
	return t
}

// parts is where the time until the HPA acted went, for each way.
func parts(p plan, paths map[way][]path) report.Table {
	t := report.Table{
		Caption: "Where the time until the HPA acted goes: means, which add up. *Measured*: until the end of the first bucket, or scrape, that shows it. " +
			"*Visible*: the lag. *Collected*: until an HPA that asks would get it; in it are hosts that report later than others. *Synced*: until the HPA asked, and wrote.",
		Columns: []string{"HPA on", "measured", "visible", "collected", "synced", "sum"},
	}
	for _, w := range p.ways {
		visible := "–"
		if !w.direct {
			visible = report.Duration(mean(of(paths[w], func(p path) time.Duration { return p.visible })))
		}
		t.Add(w.title,
			report.Duration(mean(of(paths[w], func(p path) time.Duration { return p.measured }))),
			visible,
			report.Duration(mean(of(paths[w], func(p path) time.Duration { return p.collected }))),
			report.Duration(mean(of(paths[w], func(p path) time.Duration { return p.synced }))),
			report.Duration(mean(of(paths[w], path.acted))))
	}
	return t
}

// of is one of the times of each path, the shortest first.
func of(paths []path, part func(path) time.Duration) []time.Duration {
	all := make([]time.Duration, 0, len(paths))
	for _, p := range paths {
		all = append(all, part(p))
	}
	slices.Sort(all)
	return all
}

// median is that of sorted times; of an even number of them the mean of the two in the middle.
func median(sorted []time.Duration) time.Duration {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func mean(times []time.Duration) time.Duration {
	var sum time.Duration
	for _, t := range times {
		sum += t
	}
	return sum / time.Duration(len(times))
}
