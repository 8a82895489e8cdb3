// Command bench measures what Crest promises of its speed and its size, each beside a floor that is measured in the
// same run, and writes docs/performance.md. Ratios are what counts: times drift from machine to machine.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/crest-hpa/crest/test/bench/answers"
	"github.com/crest-hpa/crest/test/bench/calls"
	"github.com/crest-hpa/crest/test/bench/code"
	"github.com/crest-hpa/crest/test/bench/collection"
	"github.com/crest-hpa/crest/test/bench/controller"
	"github.com/crest-hpa/crest/test/bench/reaction"
	"github.com/crest-hpa/crest/test/bench/report"
	"github.com/crest-hpa/crest/test/bench/scale"
)

// out is where results are kept, and page what they make; both from the harness's module.
const (
	out  = "out/bench"
	page = "../docs/performance.md"
)

//go:embed performance.md.tmpl
var text string

// experiments are all there are, in the order of the page.
var experiments = []report.Experiment{
	answers.Direct(),
	answers.Aggregator(),
	code.Experiment(),
	collection.Experiment(),
	calls.Experiment(),
	scale.Scale(),
	scale.Outage(),
	reaction.Experiment(),
	controller.Experiment(),
}

func main() {
	only := flag.String("only", "", "run the experiments whose name matches this regular expression")
	quick := flag.Bool("quick", false, "make the smallest runs that show that all work; writes nothing")
	write := flag.Bool("write", false, "run nothing: write the page from the results that were kept")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bench(ctx, *only, *quick, *write)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, only string, quick, write bool) error {
	if write {
		return writePage()
	}
	which, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	chosen := slices.DeleteFunc(slices.Clone(experiments), func(e report.Experiment) bool { return !which.MatchString(e.Name) })
	if len(chosen) == 0 {
		return fmt.Errorf("-only %s chooses none of %s", only, strings.Join(names(), ", "))
	}
	begun := time.Now()
	o := report.Options{Quick: quick, Say: func(format string, args ...any) {
		_, _ = fmt.Fprintf(os.Stdout, "%6.0fs "+format+"\n", append([]any{time.Since(begun).Seconds()}, args...)...)
	}}
	dir := out
	if quick {
		dir += "-quick"
	}
	if err := report.Run(ctx, chosen, o, dir, commit(ctx)); err != nil || quick {
		return err
	}
	if only != "" {
		o.Say("%s is left as it is; bench -write makes it from all results that were kept", page)
		return nil
	}
	return writePage()
}

func names() []string {
	all := make([]string, 0, len(experiments))
	for _, e := range experiments {
		all = append(all, e.Name)
	}
	return all
}

// writePage makes the page from the results that were kept.
func writePage() error {
	measured := map[string]report.Measured{}
	var missing []error
	for _, name := range names() {
		m, err := report.Load(out, name)
		measured[name], missing = m, append(missing, err)
	}
	if err := errors.Join(missing...); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := report.Write(&b, text, measured, names(), machine()); err != nil {
		return err
	}
	return os.WriteFile(page, b.Bytes(), 0o600)
}

// commit names what is measured.
func commit(ctx context.Context) string {
	id, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "an unknown commit"
	}
	return strings.TrimSpace(string(id))
}

// machine is this one, as far as /proc tells.
func machine() report.Machine {
	m := report.Machine{CPUs: runtime.NumCPU(), Model: "unknown", Go: runtime.Version()}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name\t: "); ok {
			m.Model, _, _ = strings.Cut(rest, "\n")
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib int
		if _, err := fmt.Sscanf(string(text), "MemTotal: %d", &kib); err == nil {
			m.MemoryGiB = (kib + 1<<19) >> 20
		}
	}
	return m
}
