package chart_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/crest-hpa/crest/test/chart"
)

// byHand are the files of deploy/ that are not rendered.
var byHand = map[string]bool{"README.md": true, "values.yaml": true, "demo": true}

func TestDeployIsWhatTheChartRenders(t *testing.T) {
	files, err := chart.Deploy()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "deploy")
	for name, text := range files {
		compare(t, filepath.Join(dir, name), text)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, rendered := files[entry.Name()]; rendered || byHand[entry.Name()] {
			continue
		}
		if !*update {
			t.Errorf("%s is not rendered any more; run \"make update-chart\"", entry.Name())
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			t.Error(err)
		}
	}
}
