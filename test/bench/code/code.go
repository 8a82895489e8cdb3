package code

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"golang.org/x/perf/benchmath"

	"github.com/crest-hpa/crest/test/bench/report"
)

// The benchmarks of the suites that are compared.
const (
	listAlone = "GetExternalMetric/floor"
	readFew   = "GetExternalMetric/10_workloads"
	readMany  = "GetExternalMetric/10000_workloads"
	entryFew  = "Read/workloads=10"
	entryMany = "Read/workloads=10000"
	decode    = "Decode/ours"
	plainJSON = "Decode/plain_encoding/json"
)

// rows are the lines of the table: a benchmark, what it does, and its floor.
var rows = []struct{ name, what, floor string }{
	{listAlone, "one `ExternalMetricValueList` of one item, nothing else", listAlone},
	{readFew, "`GetExternalMetric` among 10 workloads", listAlone},
	{readMany, "`GetExternalMetric` among 10,000 workloads", listAlone},
	{entryFew, "snapshot look-up and `Guard` among 10 workloads", entryFew},
	{entryMany, "snapshot look-up and `Guard` among 10,000 workloads", entryFew},
	{plainJSON, "`encoding/json` of 30,000 series (11 MB) into plain structs", plainJSON},
	{decode, "`Decode` of the same, with all that it checks and builds", plainJSON},
}

// Experiment measures the code that is called most, without network and API server.
func Experiment() report.Experiment {
	return report.Experiment{Name: "provider", Title: "The provider alone, the snapshot and the decoder", Run: run}
}

func run(ctx context.Context, o report.Options) (report.Result, error) {
	dir, err := os.MkdirTemp("", "crest-bench-code-")
	if err != nil {
		return report.Result{}, fmt.Errorf("making a directory for the benchmarks: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is the system's to clean up
	o.Say("building the benchmarks of %d packages", len(suites))
	if err := build(ctx, dir); err != nil {
		return report.Result{}, err
	}
	// Runs are short and many: benchmarks that are compared then meet the same moods of the machine.
	runs, each := report.Pick(o, 12, 2), report.Pick(o, 250*time.Millisecond, 2*time.Millisecond)
	o.Say("running them %d times, each for %s", runs, each)
	found := samples{}
	for range runs {
		for _, s := range suites {
			printed, err := s.run(ctx, dir, each)
			if err != nil {
				return report.Result{}, err
			}
			if err := found.add(bytes.NewReader(printed)); err != nil {
				return report.Result{}, err
			}
		}
	}
	return found.result(runs)
}

// result is the table of all benchmarks, and the goals.
func (s samples) result(runs int) (report.Result, error) {
	table, err := s.table(runs)
	if err != nil {
		return report.Result{}, err
	}
	goals := []report.Goal{}
	for _, g := range []struct {
		what, name, floor, unit string
		most                    float64
	}{
		{"allocations of a read, of the list alone", readFew, listAlone, allocations, 2},
		{"allocations of a read among 10,000 workloads, among 10", readMany, readFew, allocations, 1},
		{"time of a read among 10,000 workloads, among 10", readMany, readFew, seconds, 1.25},
		{"time of decoding an answer, of `encoding/json`", decode, plainJSON, seconds, 1.3},
	} {
		ratio, err := s.ratio(g.name, g.floor, g.unit)
		if err != nil {
			return report.Result{}, err
		}
		goals = append(goals, report.AtMost(g.what, ratio, g.most, "×"))
	}
	return report.Result{Tables: []report.Table{table}, Goals: goals}, nil
}

func (s samples) table(runs int) (report.Table, error) {
	t := report.Table{
		Caption: fmt.Sprintf("Medians of %d runs of `go test -bench`, in turns; one operation each. The range holds the median with a probability of 95 %%.", runs),
		Columns: []string{"what", "time", "range", "allocations", "bytes", "time, of its floor"},
	}
	for _, row := range rows {
		times, err := s.values(row.name, seconds)
		if err != nil {
			return t, err
		}
		allocs, err := s.values(row.name, allocations)
		if err != nil {
			return t, err
		}
		size, err := s.values(row.name, bytesOf)
		if err != nil {
			return t, err
		}
		ratio, err := s.ratio(row.name, row.floor, seconds)
		if err != nil {
			return t, err
		}
		m := summary(times)
		t.Add(row.what, inWords(m.Center), between(m),
			report.Number(median(allocs)), report.Number(median(size)), report.Number(ratio)+"×")
	}
	return t, nil
}

// between is where the median is, which a few runs do not tell.
func between(m benchmath.Summary) string {
	if math.IsInf(m.Lo, 0) || math.IsInf(m.Hi, 0) {
		return "unknown"
	}
	return inWords(m.Lo) + " – " + inWords(m.Hi)
}

// inWords is a duration in seconds for a table.
func inWords(s float64) string { return report.Duration(time.Duration(s * float64(time.Second))) }
