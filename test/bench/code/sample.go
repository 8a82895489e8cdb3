package code

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// The units of what a benchmark prints, as benchfmt tidies them: all of one operation.
const (
	seconds     = "sec/op"
	bytesOf     = "B/op"
	allocations = "allocs/op"
)

// samples are the values of each benchmark, by its name without "Benchmark" and the number of CPUs, and by unit. A
// benchmark has one value a run, in their order.
type samples map[string]map[string][]float64

// add reads what a run of benchmarks has printed.
func (s samples) add(printed io.Reader) error {
	r := benchfmt.NewReader(printed, "the benchmarks' output")
	for r.Scan() {
		switch record := r.Result().(type) {
		case *benchfmt.Result:
			name := nameOf(record.Name)
			if s[name] == nil {
				s[name] = map[string][]float64{}
			}
			for _, v := range record.Values {
				s[name][v.Unit] = append(s[name][v.Unit], v.Value)
			}
		case *benchfmt.SyntaxError:
			return fmt.Errorf("reading the benchmarks' output: %w", record)
		}
	}
	if err := r.Err(); err != nil {
		return fmt.Errorf("reading the benchmarks' output: %w", err)
	}
	return nil
}

// nameOf is a benchmark's name without the number of CPUs at its end.
func nameOf(n benchfmt.Name) string {
	base, parts := n.Parts()
	if last := len(parts) - 1; last >= 0 && bytes.HasPrefix(parts[last], []byte("-")) {
		parts = parts[:last]
	}
	var b strings.Builder
	b.Write(base)
	for _, part := range parts {
		b.Write(part)
	}
	return b.String()
}

// values are those of a benchmark, at least one.
func (s samples) values(name, unit string) ([]float64, error) {
	values := s[name][unit]
	if len(values) == 0 {
		return nil, fmt.Errorf("no benchmark %s has measured %s: was it renamed?", name, unit)
	}
	return values, nil
}

// ratio is the median, over all runs, of one benchmark's value divided by another's of the same run. A machine that
// is slower for a while is so for both.
func (s samples) ratio(name, floor, unit string) (float64, error) {
	above, err := s.values(name, unit)
	if err != nil {
		return 0, err
	}
	below, err := s.values(floor, unit)
	if err != nil {
		return 0, err
	}
	if len(above) != len(below) {
		return 0, fmt.Errorf("%s has run %d times and %s %d times", name, len(above), floor, len(below))
	}
	ratios := make([]float64, len(above))
	for i := range above {
		ratios[i] = above[i] / below[i]
	}
	return median(ratios), nil
}

// median of at least one value.
func median(values []float64) float64 { return summary(values).Center }

// summary is the median, and between which values it is with a probability of 95 %.
func summary(values []float64) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(benchmath.NewSample(values, &benchmath.DefaultThresholds), 0.95)
}
