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
		Columns: []string{"workloads", "calls", "answers", "", "CPU", "wall", "peak memory", "allocated", "kept"},
	}
	for _, c := range all {
		for _, made := range []struct {
			by  string
			all []measurement.Measurement
		}{{"Crest", c.crest}, {"floor", c.plain}} {
			t.Add(c.workloads, c.calls, mb(int64(c.bytes)), made.by, report.Duration(median(made.all, cpu)), report.Duration(median(made.all, wall)),
				mb(median(made.all, peak)), mb(median(made.all, allocated)), mb(median(made.all, kept)))
		}
	}
	return t
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
		report.AtMost(fmt.Sprintf("peak memory of a collection of %d workloads, of one of %d", many.workloads, one.workloads), times(many, one, peak), 1.5, "×"),
		report.AtMost(fmt.Sprintf("the same beyond the result, of one of %d, which has as many calls at once", some.workloads), times(many, some, passing), 1.5, "×"))
}

// times is a number of one collection by Crest divided by that of another.
func times(a, b comparison, of func(measurement.Measurement) int64) float64 {
	return float64(median(a.crest, of)) / float64(median(b.crest, of))
}
