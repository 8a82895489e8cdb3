package chart_test

import (
	"fmt"
	"strings"
)

// firstDifference is the first line in which two texts differ, with the two lines before it.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; ; i++ {
		if line(w, i) == line(g, i) && i < max(len(w), len(g)) {
			continue
		}
		before := strings.Join(w[max(0, i-2):min(i, len(w))], "\n  ")
		return fmt.Sprintf("line %d:\n  %s\n- %s\n+ %s", i+1, before, line(w, i), line(g, i))
	}
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(the end)"
}
