package collection

import (
	"fmt"

	"github.com/crest-hpa/crest/test/bench/collection/measurement"
	"github.com/crest-hpa/crest/test/bench/report"
)

func table(all []comparison) report.Table {
	t := report.Table{
		Caption: fmt.Sprintf("One collection of workloads with %d containers each, in a process that does nothing else, over HTTP on the loopback interface, at most %d calls at once; "+
			"medians of %d processes of each kind, in turns. Memory is beyond that of the idle process; what is kept is the result. The floor reads the same bytes by net/http into plain structs by encoding/json and keeps nothing.",
			len(containers), measurement.AtOnce, len(all[0].crest)),
		Columns: []string{"workloads", "calls", "answers", "", "CPU", "wall", "peak memory", "in use of it", "allocated", "kept"},
	}
	for _, c := range all {
		t.Add(row(c, "Crest", c.crest, mb(median(c.live, peak)))...)
		t.Add(row(c, "floor", c.plain, "")...)
	}
	return t
}

func row(c comparison, by string, all []measurement.Measurement, live string) []any {
	return []any{
		c.workloads, c.calls, mb(int64(c.bytes)), by, report.Duration(median(all, cpu)), report.Duration(median(all, wall)),
		mb(median(all, peak)), live, mb(median(all, allocated)), mb(median(all, kept)),
	}
}

func mb(n int64) string { return report.Number(float64(n)/1e6) + " MB" }

func goals(all []comparison) []report.Goal {
	var goals []report.Goal
	for _, c := range all {
		goals = append(goals, report.AtMost(fmt.Sprintf("CPU of a collection of %d workloads, of plain `encoding/json`", c.workloads),
			float64(median(c.crest, cpu))/float64(median(c.plain, cpu)), 1.3, "×"))
	}
	one, some, many := all[0], all[1], all[2]
	return append(goals,
		report.AtMost(fmt.Sprintf("peak memory of a collection of %d workloads, of one of %d", many.workloads, one.workloads),
			times(many.crest, one.crest, peak), 1.5, "×"),
		report.AtMost(fmt.Sprintf("memory in use beside the result at %d workloads, of that at %d, which are as many calls at once", many.workloads, some.workloads),
			times(many.live, some.live, passing), 1.5, "×"))
}

// times is the median of a number divided by that of others.
func times(a, b []measurement.Measurement, of func(measurement.Measurement) int64) float64 {
	return float64(median(a, of)) / float64(median(b, of))
}
