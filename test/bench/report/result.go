package report

import (
	"context"
	"fmt"
	"time"
)

// Experiment is one measurement, with its floor beside it.
type Experiment struct {
	// Name is what -only chooses it by, and where the page has its tables.
	Name string
	// Title is what is measured, as a heading.
	Title string
	// Run measures. It tells its progress, and ends early where the context does.
	Run func(ctx context.Context, o Options) (Result, error)
}

// Options are those of a run.
type Options struct {
	// Quick makes the smallest run that shows that the experiment works. Its numbers mean nothing.
	Quick bool
	// Say tells progress, as fmt.Printf does, a line at a time.
	Say func(format string, args ...any)
}

// Pick is the full size, or that of a quick run.
func Pick[T any](o Options, full, quick T) T {
	if o.Quick {
		return quick
	}
	return full
}

// Result is what an experiment found.
type Result struct {
	Tables []Table
	Goals  []Goal
}

// Table is one table of a page.
type Table struct {
	// Caption says what the numbers are and how they were taken.
	Caption string
	Columns []string
	Rows    [][]string
}

// Add appends a row of anything.
func (t *Table) Add(cells ...any) {
	row := make([]string, 0, len(cells))
	for _, c := range cells {
		row = append(row, fmt.Sprint(c))
	}
	t.Rows = append(t.Rows, row)
}

// Goal is what was to be reached, and what was.
type Goal struct {
	What, Want, Got string
	Reached         bool
}

// AtMost is the goal that a number stays under a bound; unit is written behind both.
func AtMost(what string, got, bound float64, unit string) Goal {
	return Goal{what, "≤ " + number(bound) + unit, number(got) + unit, got <= bound}
}

// AtLeast is the goal that a number reaches a bound.
func AtLeast(what string, got, bound float64, unit string) Goal {
	return Goal{what, "≥ " + number(bound) + unit, number(got) + unit, got >= bound}
}

// number is a number with three digits that count.
func number(v float64) string {
	switch {
	case v >= 100 || v <= -100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || v <= -10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// Number is a number for a table, with three digits that count.
func Number(v float64) string { return number(v) }

// Duration is a duration for a table, with three digits that count.
func Duration(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return number(d.Seconds()) + " s"
	case d >= time.Millisecond:
		return number(float64(d)/float64(time.Millisecond)) + " ms"
	default:
		return number(float64(d)/float64(time.Microsecond)) + " µs"
	}
}
