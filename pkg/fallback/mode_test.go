package fallback_test

import (
	"fmt"
	"testing"

	"github.com/crest-hpa/crest/pkg/fallback"
)

// skews are all that can be known of one.
var skews = map[fallback.Skew]string{
	fallback.SkewUnknown:    "an unknown skew",
	fallback.SkewBalanced:   "a balanced skew",
	fallback.SkewUnbalanced: "an unbalanced skew",
}

// served is the mode that is in force, and whether it may shrink the workload
// where scaleDown is auto: an average also needs a sample that is balanced now.
type served struct {
	mode    fallback.Mode
	shrinks bool
}

// modes is every mode with every skew.
var modes = map[string]served{
	"PodAverage with an unknown skew":              {fallback.PodAverage, false},
	"PodAverage with a balanced skew":              {fallback.PodAverage, true},
	"PodAverage with an unbalanced skew":           {fallback.PodAverage, false},
	"CalibratedPodAverage with an unknown skew":    {fallback.MaxContainer, true},
	"CalibratedPodAverage with a balanced skew":    {fallback.CalibratedPodAverage, true},
	"CalibratedPodAverage with an unbalanced skew": {fallback.CalibratedPodAverage, false},
	"MaxContainer with an unknown skew":            {fallback.MaxContainer, true},
	"MaxContainer with a balanced skew":            {fallback.MaxContainer, true},
	"MaxContainer with an unbalanced skew":         {fallback.MaxContainer, true},
}

func TestModeThatIsInForceAndWhetherItMayShrink(t *testing.T) {
	if len(modes) != len(fallback.Modes())*len(skews) {
		t.Errorf("the table has %d rows of %d", len(modes), len(fallback.Modes())*len(skews))
	}
	for _, mode := range fallback.Modes() {
		for skew, known := range skews {
			name := fmt.Sprintf("%s with %s", mode, known)
			want, ok := modes[name]
			if !ok {
				t.Errorf("the table has no row %q", name)
			}
			t.Run(name, func(t *testing.T) {
				check(t, mode, fallback.State{Source: ms}, skew, want)
			})
			t.Run(name+" and a silent container", func(t *testing.T) {
				check(t, mode, fallback.State{Source: ms, Silent: true}, skew, served{fallback.MaxContainer, true})
			})
		}
	}
}

func check(t *testing.T, mode fallback.Mode, state fallback.State, skew fallback.Skew, want served) {
	t.Helper()
	shrinks := map[fallback.ScaleDown]bool{fallback.Auto: want.shrinks, fallback.Always: true, fallback.Never: false}
	if len(fallback.ScaleDowns()) != len(shrinks) {
		t.Errorf("there are %d ways to scale down, and %d are tested", len(fallback.ScaleDowns()), len(shrinks))
	}
	for _, down := range fallback.ScaleDowns() {
		p := policy
		p.Mode, p.ScaleDown = mode, down
		if got := p.Serves(state, skew); got != want.mode {
			t.Errorf("serves %s, want %s", got, want.mode)
		}
		for current, sampled := range skews {
			shrinks := shrinks[down]
			if down == fallback.Auto && want.mode != fallback.MaxContainer {
				shrinks = shrinks && current == fallback.SkewBalanced
			}
			if got := p.MayShrink(state, skew, current); got != shrinks {
				t.Errorf("scaleDown %s, metrics-server's sample of %s: may shrink: %v, want %v", down, sampled, got, shrinks)
			}
		}
	}
}

func TestDefaultsComeFirst(t *testing.T) {
	if fallback.Modes()[0] != fallback.PodAverage || fallback.ScaleDowns()[0] != fallback.Auto {
		t.Errorf("modes %v, scale-downs %v", fallback.Modes(), fallback.ScaleDowns())
	}
}
