package chart_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/crest-hpa/crest/test/chart"
)

func TestTheChartRendersItsGoldenFiles(t *testing.T) {
	everyRelease(t, func(t *testing.T, name string, r chart.Release) {
		compare(t, filepath.Join("testdata", name+".yaml"), chart.Manifest(render(t, r)))
	})
}

func TestTheNotesAreTheGoldenOnes(t *testing.T) {
	for _, name := range []string{"minimal", "trial", "unregistered", "insecure", "restricted-cluster"} {
		t.Run(name, func(t *testing.T) {
			texts := render(t, chart.Release{Values: values(t, name), Namespace: "crest-system"})
			compare(t, filepath.Join("testdata", name+".txt"), texts["NOTES.txt"])
		})
	}
}

// compare compares a text with a golden file, or rewrites that with -update.
func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run \"make update-chart\"", err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the chart renders; if that is meant, run \"make update-chart\". First difference:\n%s", file, firstDifference(string(want), got))
	}
}
