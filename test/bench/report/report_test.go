package report

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

func TestAGoalSaysWhatWasWantedAndWhetherItWasReached(t *testing.T) {
	cases := map[string]struct {
		goal Goal
		want Goal
	}{
		"at most, reached":  {AtMost("memory", 99.6, 110, " MiB"), Goal{"memory", "≤ 110 MiB", "99.6 MiB", true}},
		"at most, missed":   {AtMost("memory", 111, 110, " MiB"), Goal{"memory", "≤ 110 MiB", "111 MiB", false}},
		"at least, reached": {AtLeast("throughput", 0.974, 0.97, "×"), Goal{"throughput", "≥ 0.97×", "0.97×", true}},
		"at least, missed":  {AtLeast("throughput", 0.9, 0.97, "×"), Goal{"throughput", "≥ 0.97×", "0.90×", false}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.goal != c.want {
				t.Errorf("%+v, want %+v", c.goal, c.want)
			}
		})
	}
}

func TestAnExperimentThatFailsTakesNothingFromTheOthers(t *testing.T) {
	dir := t.TempDir()
	finds := func(what string) func(context.Context, Options) (Result, error) {
		return func(context.Context, Options) (Result, error) {
			return Result{Tables: []Table{{Columns: []string{what}}}}, nil
		}
	}
	broken := errors.New("no power")
	experiments := []Experiment{
		{Name: "one", Run: finds("first")},
		{Name: "two", Run: func(context.Context, Options) (Result, error) { return Result{}, broken }},
		{Name: "three", Run: finds("third")},
	}
	err := Run(t.Context(), experiments, Options{Say: t.Logf}, dir, "abc")
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "two: ") {
		t.Errorf("Run = %v, want the failure of the second", err)
	}
	for name, want := range map[string]string{"one": "first", "three": "third"} {
		m, err := Load(dir, name)
		if err != nil || m.Commit != "abc" || m.Tables[0].Columns[0] != want {
			t.Errorf("of %s was kept %+v, %v", name, m, err)
		}
	}
	if _, err := Load(dir, "two"); err == nil || !strings.Contains(err.Error(), "run it first") {
		t.Errorf("Load of what failed = %v, want an error that says what to do", err)
	}
}

func TestAPageThatNamesAnUnknownExperimentIsNotWritten(t *testing.T) {
	err := Write(new(bytes.Buffer), `{{tables "nothing"}}`, map[string]Measured{}, nil, Machine{})
	if err == nil || !strings.Contains(err.Error(), `no experiment "nothing"`) {
		t.Errorf("Write = %v", err)
	}
}
