package utilization_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// sample is a reading that was taken so long after noon.
func sample(at time.Duration, highest, average utilization.Percent, appMillicores int64) *utilization.Reading {
	return &utilization.Reading{
		Max: highest, Average: average, AverageKnown: true, Span: ago(-at),
		Requests: map[string]utilization.Nanocores{"app": m(appMillicores), "istio-proxy": m(100)},
	}
}

func TestSkewIsTheMedianOfWhatIsRemembered(t *testing.T) {
	const minute = time.Minute
	type readings = []*utilization.Reading
	unknown := sample(0, 90, 0, 200)
	unknown.AverageKnown = false
	another := sample(2*minute, 80, 40, 200)
	another.Requests = map[string]utilization.Nanocores{"app": m(200), "log": m(100)}
	fewer := sample(2*minute, 80, 40, 200)
	fewer.Requests = map[string]utilization.Nanocores{"app": m(200)}
	for name, test := range map[string]struct {
		readings readings
		want     utilization.Ratio // 0: nothing is remembered
	}{
		"nothing is remembered at the start":     {},
		"maximum over Pod average of one sample": {readings{sample(0, 90, 60, 200)}, 1.5},
		"of three the middle one": {
			readings{sample(0, 60, 20, 200), sample(minute, 30, 30, 200), sample(2*minute, 40, 20, 200)}, 2,
		},
		"of two the mean": {readings{sample(0, 60, 20, 200), sample(minute, 40, 20, 200)}, 2.5},
		"at most four":    {readings{sample(0, 100, 20, 200)}, 4},
		"at least a quarter, where a cold container was asked for": {readings{sample(0, 2, 20, 200)}, 0.25},
		"an average of exactly a tenth tells":                      {readings{sample(0, 20, 10, 200)}, 2},
		"an idle workload tells nothing":                           {readings{sample(0, 20, 9.99, 200)}, 0},
		"an average that is not known tells nothing":               {readings{unknown}, 0},
		"a sample of fifteen minutes ago is remembered":            {readings{sample(0, 60, 20, 200), sample(15*minute, 20, 20, 200)}, 2},
		"an older one is forgotten":                                {readings{sample(0, 60, 20, 200), sample(15*minute+1, 20, 20, 200)}, 1},
		"a sample that is known already counts once":               {readings{sample(0, 60, 20, 200), sample(0, 20, 20, 200), sample(minute, 20, 20, 200)}, 2},
		"a sample that comes late does not count":                  {readings{sample(minute, 60, 20, 200), sample(0, 20, 20, 200)}, 3},
		"a request changed by exactly a tenth is the same":         {readings{sample(0, 60, 20, 200), sample(minute, 20, 20, 220)}, 2},
		"a request raised by more forgets":                         {readings{sample(0, 60, 20, 200), sample(minute, 20, 20, 221)}, 1},
		"a request lowered by more forgets":                        {readings{sample(0, 60, 20, 200), sample(minute, 20, 20, 179)}, 1},
		"a rollout that doubles a request in small steps forgets": {
			readings{sample(0, 60, 20, 200), sample(minute, 60, 20, 215), sample(2*minute, 60, 20, 230), sample(3*minute, 20, 20, 235), sample(4*minute, 20, 20, 240)}, 1,
		},
		"a request is compared with those of what is still remembered": {
			readings{sample(0, 60, 20, 200), sample(16*minute, 20, 20, 219), sample(17*minute, 40, 20, 238)}, 1.5,
		},
		"another container forgets":                    {readings{sample(0, 60, 20, 200), another}, 2},
		"a container that has gone forgets":            {readings{sample(0, 60, 20, 200), fewer}, 2},
		"a container that has come forgets":            {readings{fewer, sample(3*minute, 60, 20, 200)}, 3},
		"an idle sample of other requests forgets too": {readings{sample(0, 60, 20, 200), sample(minute, 5, 5, 400)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var s utilization.Skew
			for _, r := range test.readings {
				s = s.Add(r)
			}
			got, ok := s.Ratio()
			if ok != (test.want != 0) || got != test.want {
				t.Errorf("got %v %v, want %v", got, ok, test.want)
			}
		})
	}
}

func TestSkewHoldsForAReadingOfTheSameRequestsOfWhateverAge(t *testing.T) {
	s := utilization.Skew{}.Add(sample(0, 60, 20, 200))
	if _, ok := s.For(sample(time.Hour, 0, 0, 200)).Ratio(); !ok {
		t.Error("an outage of an hour made it forget")
	}
	if _, ok := s.For(sample(0, 0, 0, 400)).Ratio(); ok {
		t.Error("it remembers, though the requests have changed")
	}
}

func TestSkewIsAValue(t *testing.T) {
	first := utilization.Skew{}.Add(sample(0, 60, 20, 200))
	one, other := first.Add(sample(time.Minute, 20, 20, 200)), first.Add(sample(time.Minute, 40, 20, 200))
	for name, test := range map[string]struct {
		skew utilization.Skew
		want utilization.Ratio
	}{
		"the first is as it was":           {first, 3},
		"one has what was added to it":     {one, 2},
		"the other what was added to that": {other, 2.5},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := test.skew.Ratio(); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestBalancedIsASkewOfAtMostATenth(t *testing.T) {
	for name, test := range map[string]struct {
		ratio utilization.Ratio
		want  bool
	}{
		"none":              {1, true},
		"exactly a tenth":   {1.10, true},
		"more than a tenth": {1.1001, false},
		"a cold selection":  {0.25, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.ratio.Balanced(); got != test.want {
				t.Errorf("%v is balanced: %v", test.ratio, got)
			}
		})
	}
}

func TestReadingIsBalancedWhileItsMaximumIsAtMostATenthAboveItsAverage(t *testing.T) {
	unknown := sample(0, 0, 0, 200)
	unknown.AverageKnown = false
	for name, test := range map[string]struct {
		reading *utilization.Reading
		want    bool
	}{
		"exactly a tenth":                    {sample(0, 44, 40, 200), true},
		"more than a tenth":                  {sample(0, 44.001, 40, 200), false},
		"a cold selection":                   {sample(0, 10, 40, 200), true},
		"nothing is used":                    {sample(0, 0, 0, 200), true},
		"the average is not known":           {unknown, false},
		"a small one outside of the average": {sample(0, 3, 0, 200), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.reading.Balanced(); got != test.want {
				t.Errorf("maximum %v, average %v: balanced %v", test.reading.Max, test.reading.Average, got)
			}
		})
	}
}
