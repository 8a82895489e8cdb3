package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
)

// Options of one run.
type Options struct {
	Duration time.Duration
	Seed     uint64
	// Out is the directory for the adapter's log and what was recorded.
	Out string
}

// ErrViolated says that the run came to its end, and that not all held.
var ErrViolated = errors.New("not every invariant held")

const (
	namespace = "soak"
	// checkEvery is the time between two checks of what has happened.
	checkEvery = 10 * time.Second
	// settling is how long the system may take until all is well, at the
	// beginning and after the last fault.
	settling = 2 * time.Minute
)

// soak is one run.
type soak struct {
	options   Options
	schedule  Schedule
	stage     *stage.Stage
	workloads []Workload
	journal   *journal
	watcher   *watcher
	begin     time.Time

	mu  sync.Mutex
	out io.Writer

	violations []Violation
	known      map[string]bool
}

// Run starts everything, plays the schedule, checks, and cleans up. The error
// is ErrViolated if anything did not hold.
func Run(ctx context.Context, o Options, out io.Writer) error {
	workloads := Workloads()
	r := &soak{
		options: o, schedule: New(o.Seed, o.Duration, workloads), workloads: workloads,
		journal: &journal{}, out: out, begin: time.Now(), known: map[string]bool{},
	}
	r.say("seed %d for %s: fallback mode %s, %d steps", o.Seed, o.Duration, r.schedule.Mode, len(r.schedule.Steps))
	logs := filepath.Join(o.Out, "logs")
	// They are appended to, and what an earlier run logged is not ours.
	err := os.RemoveAll(logs)
	if err != nil {
		return fmt.Errorf("removing the logs of an earlier run: %w", err)
	}
	config := stage.Config{}.With(map[string]any{"mode": r.schedule.Mode})
	if r.stage, err = stage.Start(ctx, stage.Options{
		Config: config, Lag: usualLag, Progress: out, Cluster: cluster.Options{LogDir: logs},
	}); err != nil {
		return err
	}
	defer r.stage.Stop()
	if err := r.run(ctx); err != nil {
		return err
	}
	return r.conclude()
}

// run plays and watches; it returns early only if it cannot go on.
func (r *soak) run(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	var watchers sync.WaitGroup
	watchers.Go(func() { r.watcher.watch(watching) })
	defer watchers.Wait()
	defer stop()
	if err := r.settle(ctx, r.begin); err != nil {
		return fmt.Errorf("the system does not settle before anything is broken: %w", err)
	}
	r.say("settled; it begins")
	r.journal.restart()
	p := &performer{
		stage: r.stage, namespace: namespace, workloads: r.workloads, journal: r.journal,
		told: func(s Step) { r.say("%s", s) },
	}
	played := make(chan struct{})
	go func() { defer close(played); p.play(ctx, r.schedule) }()
	for goesOn := true; goesOn; {
		select {
		case <-played:
			goesOn = false
		case <-time.After(checkEvery):
		}
		r.check()
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the soak was interrupted: %w", context.Cause(ctx))
	}
	return r.end(ctx)
}

// end sees that all is well again.
func (r *soak) end(ctx context.Context) error {
	r.say("nothing is broken any more")
	for _, w := range r.workloads {
		if err := r.stage.World.SetLoad(namespace, w.Name, perPod*firstReplicas); err != nil {
			return err
		}
	}
	if err := r.settle(ctx, time.Now()); err != nil {
		r.report(Violation{Invariant: Settles, At: time.Now(), Text: err.Error()})
	}
	r.check()
	return nil
}

// prepare makes the workloads, their loads and their HPAs.
func (r *soak) prepare(ctx context.Context) error {
	if err := r.stage.Cluster.Apply(ctx, []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: "+namespace+"}\n")); err != nil {
		return err
	}
	for _, w := range r.workloads {
		if err := r.stage.World.SetService(w.service(namespace)); err != nil {
			return err
		}
		if err := r.stage.Apply(ctx, w.on(namespace)); err != nil {
			return err
		}
		if err := r.stage.ApplyHPA(ctx, hpaOf(w, namespace)); err != nil {
			return err
		}
	}
	scraper, err := newScraper(ctx, r.stage, namespace)
	if err != nil {
		return err
	}
	r.watcher = &watcher{stage: r.stage, namespace: namespace, workloads: r.workloads, scraper: scraper, journal: r.journal}
	return nil
}

// settle waits until every workload is settled; what was seen before a moment
// does not count.
func (r *soak) settle(ctx context.Context, since time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	for {
		err := r.unsettled(since)
		if err == nil {
			return nil
		}
		if !wait(ctx, lookEvery) {
			return fmt.Errorf("not within %s: %w", settling, err)
		}
	}
}

func (r *soak) unsettled(since time.Time) error {
	record := r.journal.snapshot(time.Now())
	for _, w := range r.workloads {
		answers, sights := record.answers(w.Name, since, end), record.sights(w.Name, since, end)
		if len(answers) == 0 || len(sights) == 0 {
			return fmt.Errorf("%s has not been looked at", w.Name)
		}
		if err := settled(answers[len(answers)-1], sights[len(sights)-1]); err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	return nil
}

// check tells of what does not hold in what has been recorded.
func (r *soak) check() {
	record := r.record()
	for _, v := range Check(&record) {
		r.report(v)
	}
}

// record is what has happened until now, calls and log included.
func (r *soak) record() Record {
	record := r.journal.snapshot(time.Now())
	record.Workloads = r.workloads
	for _, c := range callsOf(r.stage.Datadog.Requests(), record) {
		if len(record.Sights) > 0 && !c.At.Before(record.Sights[0].At) {
			record.Calls = append(record.Calls, c)
		}
	}
	record.Secrets = []string{stage.APIKey, stage.AppKey}
	log, err := os.ReadFile(filepath.Join(r.stage.Cluster.Logs(), "crest-adapter.log"))
	if err != nil {
		r.report(Violation{Invariant: CleanLog, At: time.Now(), Text: err.Error()})
	}
	record.Log = string(log)
	return record
}

// callsOf is what is checked of the requests that Datadog saw.
func callsOf(requests []datadogsim.Request, r Record) []Call {
	calls := make([]Call, 0, len(requests))
	for _, request := range requests {
		c := Call{At: request.Time, Status: request.Status}
		for _, d := range r.deeds(c.At, c.At, "", Datadog) {
			for _, f := range d.Faults {
				if f.Kind == datadogsim.Status && f.Code == c.Status {
					c.Faulty, c.Wait = true, f.Delay
				}
			}
		}
		calls = append(calls, c)
	}
	return calls
}

// report tells of a violation once. The same one can look a little different
// when more is known of its surroundings.
func (r *soak) report(v Violation) {
	key := fmt.Sprint(v.Invariant, v.Workload, v.At.Truncate(quiet).Unix())
	if r.known[key] {
		return
	}
	r.known[key] = true
	r.violations = append(r.violations, v)
	r.say("VIOLATION %s", v)
}

// say writes a line, with the time since the begin.
func (r *soak) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Who does not listen misses the line.
	_, _ = fmt.Fprintf(r.out, "%s %6.1fs %s\n", clock(time.Now()), time.Since(r.begin).Seconds(), fmt.Sprintf(format, args...))
}
