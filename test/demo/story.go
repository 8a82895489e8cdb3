package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/crest-hpa/crest/test/stage"
)

// How often things are looked at, and shown.
const (
	lookEvery = 500 * time.Millisecond
	readEvery = 200 * time.Millisecond
	showEvery = 3 * time.Second
	// patience is how long a step waits for what must come.
	patience = 90 * time.Second
)

// Story is what has been told so far.
type Story struct {
	shop  *Shop
	print *printer
	began time.Time
	// reader asks for item's metric all the time, as an HPA with no patience.
	reader *stage.Watch
	// ticker paces the looks.
	ticker    *time.Ticker
	processes map[string]int

	steps   []*Step
	samples []Sample
	shown   Sample
}

func newStory(ctx context.Context, shop *Shop, p *printer) *Story {
	return &Story{
		shop: shop, print: p, began: time.Now(),
		reader:    shop.stage.Watch(ctx, namespace, stage.Max, selectors[item], readEvery),
		ticker:    time.NewTicker(lookEvery),
		processes: shop.stage.Cluster.Pids(),
	}
}

// end stops the reader.
func (s *Story) end() {
	s.ticker.Stop()
	s.reader.Stop()
}

// tell tells the steps in their order, until one of them cannot go on.
func (s *Story) tell(ctx context.Context) error {
	for i, step := range script {
		now := &Step{Number: i + 1, Name: step.name}
		s.steps = append(s.steps, now)
		s.print.step(now, step.prose)
		err := step.play(ctx, s, now)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", now.Number, now.Name, err)
		}
		s.print.checks(now.Checks)
	}
	return nil
}

// step is the present one.
func (s *Story) step() *Step { return s.steps[len(s.steps)-1] }

// until looks and shows what is seen until a sample satisfies the condition.
// That it does not come is an error that says what was waited for.
func (s *Story) until(ctx context.Context, what string, satisfied func(Sample) bool) (Sample, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not within %s: %s", patience, what))
	defer cancel()
	for {
		now, err := s.look(ctx)
		if err != nil || satisfied(now) {
			return now, err
		}
	}
}

// linger looks and shows what is seen for some time.
func (s *Story) linger(ctx context.Context, span time.Duration) error {
	for end := time.Since(s.began) + span; time.Since(s.began) < end; {
		if _, err := s.look(ctx); err != nil {
			return err
		}
	}
	return nil
}

// look waits for the next moment, takes a sample and shows it if it is news.
func (s *Story) look(ctx context.Context) (Sample, error) {
	select {
	case <-ctx.Done():
		return Sample{}, context.Cause(ctx)
	case <-s.ticker.C:
	}
	if err := s.alive(); err != nil {
		return Sample{}, err
	}
	var last Answer
	if all := s.answers(); len(all) > 0 {
		last = all[len(all)-1]
	}
	now, err := s.shop.look(ctx, s.began, last)
	switch {
	case err != nil && ctx.Err() != nil:
		return Sample{}, context.Cause(ctx)
	case err != nil:
		return Sample{}, cmp.Or(s.alive(), err) // a process that is gone says more
	}
	now.Step = s.step().Number
	s.samples = append(s.samples, now)
	if news(s.shown, now) {
		s.print.row(s.step(), now)
		s.shown = now
	}
	return now, nil
}

// news says whether a sample is worth a line after the last that was shown.
func news(shown, now Sample) bool {
	a, b := shown.Item, now.Item
	return shown.Step != now.Step || now.At-shown.At >= showEvery ||
		a.Answer.Source != b.Answer.Source || a.Answer.Container != b.Answer.Container ||
		a.Answer.Failure != b.Answer.Failure || a.Answer.Reason != b.Answer.Reason || a.Replicas != b.Replicas
}

// alive says which process of the cluster has ended, with the end of its log.
func (s *Story) alive() error {
	running := s.shop.stage.Cluster.Pids()
	for name := range s.processes {
		if running[name] == 0 {
			return fmt.Errorf("%s has ended by itself; the end of its log:\n%s", name, logTail(s.shop.stage, name, 20))
		}
	}
	return nil
}

// answers are the reader's so far.
func (s *Story) answers() []Answer {
	var all []Answer
	for _, a := range s.reader.Answers() {
		all = append(all, answered(a, s.began))
	}
	return all
}

// since are the samples and the answers from one moment on.
func (s *Story) since(at time.Duration) ([]Sample, []Answer) {
	sample := max(0, slices.IndexFunc(s.samples, func(x Sample) bool { return x.At >= at }))
	all := s.answers()
	answer := max(0, slices.IndexFunc(all, func(a Answer) bool { return a.At >= at }))
	return s.samples[sample:], all[answer:]
}

// now is the time since the story began.
func (s *Story) now() time.Duration { return time.Since(s.began) }

// logTail is the end of the log of a process of the cluster.
func logTail(s *stage.Stage, name string, lines int) string {
	text, err := os.ReadFile(filepath.Join(s.Cluster.Logs(), name+".log"))
	if err != nil {
		return err.Error()
	}
	return lastLines(string(text), lines)
}

func lastLines(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
