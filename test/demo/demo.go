package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/crest-hpa/crest/test/stage"
)

// Options of one run.
type Options struct {
	// Keep leaves everything up after the story, until the context ends.
	Keep bool
	// Out is the directory for the summary, the picture and the adapter's log.
	Out string
	// Color lets the output have colors.
	Color bool
}

// ErrChecks says that the story was told, and that not all of it held.
var ErrChecks = errors.New("not all checks held")

// Run starts everything, tells the story and cleans up, also when the context
// ends early. What went wrong is told on out as well.
func Run(ctx context.Context, o Options, out io.Writer) error {
	p := &printer{out: out, color: o.Color}
	results, release, err := claim(o.Out)
	if err != nil {
		return err
	}
	defer release()
	p.opening()
	began := time.Now()
	s, err := stage.Start(ctx, stage.Options{
		// Two thirds of Crest's interval, as with the real agents: 20 s and 30 s.
		AgentInterval: 2 * time.Second / 3,
		Chart:         true,
		Progress:      p.progress(began),
	})
	if err != nil {
		if ctx.Err() != nil {
			p.line("Interrupted; nothing is left running.")
		}
		return err
	}
	defer func() {
		s.Stop()
		p.line("Everything has been stopped and removed.")
	}()
	story, err := play(ctx, s, p, began)
	if err != nil && ctx.Err() == nil {
		explain(ctx, p, s, err)
	}
	return errors.Join(err, conclude(ctx, o, p, story, results))
}

// play sets the shop up and tells the story, as far as it comes.
func play(ctx context.Context, s *stage.Stage, p *printer, began time.Time) (*Story, error) {
	shop, err := openShop(ctx, s, p.progress(began))
	if err != nil {
		return nil, err
	}
	story := newStory(ctx, shop, p)
	defer story.end()
	return story, story.tell(ctx)
}

// conclude writes what is left of the story and, if wanted, keeps the stage up.
func conclude(ctx context.Context, o Options, p *printer, story *Story, results string) error {
	if story == nil {
		return nil
	}
	if ctx.Err() != nil {
		p.line("")
		p.line("Interrupted; cleaning up.")
		return ctx.Err()
	}
	err := errors.Join(story.write(results), story.verdict(results))
	if o.Keep {
		err = errors.Join(err, keep(ctx, p, story))
	}
	return err
}

// claim makes the directory for the results, or another one beside it while
// a second demo on this machine writes to that.
func claim(dir string) (claimed string, release func(), err error) {
	for n := 1; ; n++ {
		claimed = dir
		if n > 1 {
			claimed = fmt.Sprintf("%s-%d", dir, n)
		}
		if err := os.MkdirAll(claimed, 0o755); err != nil {
			return "", nil, fmt.Errorf("making a directory for the results: %w", err)
		}
		release, ok, err := lock(claimed)
		if err != nil || ok {
			return claimed, release, err
		}
	}
}
