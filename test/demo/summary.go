package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The files that a story leaves.
const (
	summaryFile = "summary.md"
	pngFile     = "story.png"
	svgFile     = "story.svg"
	adapterLog  = "crest.log"
)

// write leaves the summary, the picture and the log of Crest's Pods in a directory.
func (s *Story) write(dir string) error {
	err := replace(filepath.Join(dir, summaryFile), []byte(summary(s.steps, s.samples, s.answers())))
	if len(s.samples) > 1 {
		err = errors.Join(err, picture{steps: s.steps, samples: s.samples, answers: s.answers()}.save(dir))
	}
	logs, problem := s.shop.stage.ReleaseLogs()
	return errors.Join(err, problem, replace(filepath.Join(dir, adapterLog), []byte(oneAfterAnother(logs))))
}

// oneAfterAnother are the logs of all Pods in one text, as tail shows several files.
func oneAfterAnother(logs map[string]string) string {
	var all strings.Builder
	for _, pod := range slices.Sorted(maps.Keys(logs)) {
		fmt.Fprintf(&all, "==> %s <==\n%s\n", pod, logs[pod])
	}
	return all.String()
}

// replace writes a file whole or not at all.
func replace(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return nil
}

// summary is the story as a Markdown document.
func summary(steps []*Step, samples []Sample, answers []Answer) string {
	var b strings.Builder
	held, all := count(steps)
	fmt.Fprintf(&b, "# The demo: %d of %d checks held\n\n![the story](%s)\n\n", held, all, svgFile)
	fmt.Fprintf(&b, "Answers that failed: %s.\n", failed(answers))
	for _, step := range steps {
		fmt.Fprintf(&b, "\n## %d. %s\n\n", step.Number, title(step.Name))
		for _, c := range step.Checks {
			mark := "✓"
			if !c.OK {
				mark = "✗"
			}
			fmt.Fprintf(&b, "- %s %s (%s)\n", mark, c.What, c.Detail)
		}
		fmt.Fprintf(&b, "\n```\n%s\n", head)
		plain := &printer{}
		var shown Sample
		for _, now := range samples {
			if now.Step == step.Number && news(shown, now) {
				fmt.Fprintln(&b, plain.format(step, now))
				shown = now
			}
		}
		fmt.Fprint(&b, "```\n")
	}
	return b.String()
}

// verdict tells how it ended; the error is ErrChecks if not all held.
func (s *Story) verdict(dir string) error {
	held, all := count(s.steps)
	whole := len(s.steps) == len(script)
	p := s.print
	p.line("")
	mark, how := p.paint(green, "✓"), ""
	if held < all || !whole {
		mark = p.paint(red, "✗")
	}
	if !whole {
		how = fmt.Sprintf(", and only %d of %d steps came about", len(s.steps)-1, len(script))
	}
	p.line(fmt.Sprintf("%s %s in %s%s. Answers that failed: %s.", mark,
		p.paint(bold, fmt.Sprintf("%d of %d checks held", held, all)), clock(s.now()), how, failed(s.answers())))
	p.line("   picture   " + filepath.Join(dir, pngFile) + ", " + svgFile)
	p.line("   summary   " + filepath.Join(dir, summaryFile))
	p.line("   its log   " + filepath.Join(dir, adapterLog))
	if held < all || !whole {
		return ErrChecks
	}
	return nil
}
