package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/test/bench/report"
)

func TestThePageHasAPlaceForWhatEachExperimentFinds(t *testing.T) {
	measured := map[string]report.Measured{}
	for _, name := range names() {
		table := report.Table{Caption: "caption of " + name, Columns: []string{"what", "how much"}, Rows: [][]string{{"rows of " + name, "7"}}}
		measured[name] = report.Measured{Commit: "abc", Result: report.Result{
			Tables: []report.Table{table}, Goals: []report.Goal{report.AtMost("goal of "+name, 2, 1, "×")},
		}}
	}
	var b bytes.Buffer
	if err := report.Write(&b, text, measured, names(), report.Machine{CPUs: 2, Go: "go1"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range names() {
		for _, want := range []string{
			"caption of " + name, "| rows of " + name + " | 7 |", "| goal of " + name + " | ≤ 1× | 2× | **missed** |",
		} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("the page does not hold %q", want)
			}
		}
	}
}
