package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Measured is what an experiment found, and when.
type Measured struct {
	Result
	At time.Time
	// Took is how long the experiment took.
	Took time.Duration
	// Commit is what was measured.
	Commit string
}

// Run runs experiments one after the other and keeps what each of them finds as a file of its own, so that one that
// fails takes nothing from the others.
func Run(ctx context.Context, experiments []Experiment, o Options, dir, commit string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the directory of the results: %w", err)
	}
	var failed []error
	for i, e := range experiments {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		o.Say("=== %s (%d of %d): %s", e.Name, i+1, len(experiments), e.Title)
		begun := time.Now()
		result, err := e.Run(ctx, o)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", e.Name, err))
			o.Say("=== %s failed: %v", e.Name, err)
			continue
		}
		m := Measured{Result: result, At: begun.UTC().Truncate(time.Second), Took: time.Since(begun).Round(time.Second), Commit: commit}
		if err := m.save(dir, e.Name); err != nil {
			return err
		}
		o.Say("%s=== %s took %s", m.Text(), e.Name, m.Took)
	}
	return errors.Join(failed...)
}

func (m Measured) save(dir, name string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the results of %s: %w", name, err)
	}
	return os.WriteFile(path(dir, name), text, 0o600)
}

// Load reads what Run kept of an experiment.
func Load(dir, name string) (Measured, error) {
	var m Measured
	text, err := os.ReadFile(path(dir, name))
	if err != nil {
		return m, fmt.Errorf("no results of %s; run it first: %w", name, err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("reading the results of %s: %w", name, err)
	}
	return m, nil
}

func path(dir, name string) string { return filepath.Join(dir, name+".json") }
