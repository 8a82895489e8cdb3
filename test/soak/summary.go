package soak

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// conclude writes what was recorded and tells how it went.
func (r *soak) conclude() error {
	record := r.record()
	if err := os.WriteFile(filepath.Join(r.options.Out, "timeline.tsv"), []byte(timeline(&record)), 0o644); err != nil { //nolint:gosec // no secret
		return fmt.Errorf("writing what was recorded: %w", err)
	}
	r.say("%s", r.summary(&record))
	if len(r.violations) > 0 {
		return fmt.Errorf("%w: replay with make soak DURATION=%s SEED=%d", ErrViolated, r.options.Duration, r.options.Seed)
	}
	return nil
}

// summary is how it went, for a person.
func (r *soak) summary(record *Record) string {
	t := &r.journal.totals
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, "\n  "+format, args...) }
	line("seed %d, %s, fallback mode %s, %d steps", r.options.Seed, r.options.Duration, r.schedule.Mode, t.steps)
	line("answers      %d, of them %d from datadog, %d from metrics-server, %d held, %d errors; %d changes of a source",
		t.answers, t.bySource["datadog"], t.bySource["metrics-server"], t.held, t.failed, t.changes)
	line("through the API server within %s (half), %s (99 %%), %s (all)", inMillis(t.percentile(0.5)), inMillis(t.percentile(0.99)), inMillis(t.percentile(1)))
	for _, w := range r.workloads {
		line("replicas     %-6s %d to %d", w.Name, t.least[w.Name], t.most[w.Name])
	}
	if n := len(record.Scrapes); n > 0 {
		first, last := record.Scrapes[0], record.Scrapes[n-1]
		line("goroutines   %d, then %d", first.Goroutines, last.Goroutines)
		line("memory       %d MiB, then %d MiB", first.Memory>>20, last.Memory>>20)
	}
	values, tight, replicas := compared(record)
	line("compared     %d values with the world, %d of them with tight bounds; %d times the replicas with the need", values, tight, replicas)
	line("Datadog      %d calls arrived", r.stage.Datadog.Total())
	line("violations   %d", len(r.violations))
	for _, v := range r.violations {
		line("  %s", v)
	}
	line("recorded     %s", r.options.Out)
	return text.String()
}

// closely is how far apart tight bounds may be, in percent points.
const closely = 5

// compared is how much of what is remembered could be compared with the truth:
// a run in which nothing could be shows nothing.
func compared(r *Record) (values, tight, replicas int) {
	for _, a := range r.Answers {
		if a.OK() && a.World.Known {
			values++
			if a.World.High-a.World.Low < closely {
				tight++
			}
		}
	}
	for _, w := range r.Workloads {
		for _, s := range r.sights(w.Name, time.Time{}, end) {
			if _, _, ok := r.neededLong(w, s.At); ok {
				replicas++
			}
		}
	}
	return values, tight, replicas
}

func inMillis(d time.Duration) string { return d.Round(time.Millisecond).String() }

// timeline is what was recorded, a line each, for who looks for a cause.
func timeline(r *Record) string {
	var text strings.Builder
	for _, d := range r.Deeds {
		fmt.Fprintf(&text, "%s\tdeed\t%s\tuntil %s\n", clock(d.Begin), d.Step, clock(d.End))
	}
	for _, a := range r.Answers {
		fmt.Fprintf(&text, "%s\tanswer\t%s\t%d\t%s\t%.1f\t%s\t%s\t%s\t%s..%s\t[%.1f %.1f]\t%s\n", clock(a.At), a.Workload, a.Code, a.Source, a.Measured,
			a.Container, a.Adjusted, a.Held, clock(a.Begin), clock(a.End), a.World.Low, a.World.High, a.Message)
	}
	for _, s := range r.Sights {
		fmt.Fprintf(&text, "%s\tsight\t%s\tload %.2f\treplicas %d\tpods %d\tserving %d\tmax %.1f\taverage %.1f\n",
			clock(s.At), s.Workload, s.Load, s.Replicas, s.Pods, s.Serving, s.Max, s.Average)
	}
	for _, s := range r.Scrapes {
		fmt.Fprintf(&text, "%s\tscrape\t\tgoroutines %d\tmemory %d MiB\tanswers %d\tslow %d\tcalls %d\n",
			clock(s.At), s.Goroutines, s.Memory>>20, s.Answers, s.Slow, s.Calls)
	}
	for _, c := range r.Calls {
		fmt.Fprintf(&text, "%s\tcall\t\t%d\tfaulty %t\twait %s\n", clock(c.At), c.Status, c.Faulty, c.Wait)
	}
	return text.String()
}
