package utilization

import (
	"math"
	"slices"
	"time"
)

// What a remembered skew is made of.
const (
	skewMemory  = 15 * time.Minute
	skewLeast   = Ratio(0.25)
	skewMost    = Ratio(4)
	skewAverage = Percent(10) // an idle workload has no telling skew
	skewChange  = 0.10        // of a container's mean request
	balanced    = Ratio(1.10)
)

// Ratio is one utilization divided by another.
type Ratio float64

// Balanced says that the requests of the containers have been tuned so well
// that the Pod average stands for the maximum.
func (r Ratio) Balanced() bool { return r <= balanced }

// Skew remembers by how much the maximum exceeds the Pod average: how wrong
// the fallback will be. It is a value; the zero value remembers nothing.
type Skew struct {
	samples []skewSample
	// requests are those of the first sample since all were last forgotten:
	// a rollout changes a mean request in many steps, each of them small.
	requests map[string]Nanocores
}

type skewSample struct {
	at    time.Time
	ratio Ratio
}

// Add remembers the skew of one Datadog sample, max / Pod average. A sample
// whose average is not known (of all containers, at one time) or under 10 %
// adds nothing. Samples older than
// fifteen minutes before it are forgotten, and all of them when the containers
// or one of their mean requests have changed by more than a tenth.
func (s Skew) Add(r *Reading) Skew {
	s = s.For(r)
	if !r.AverageKnown || r.Average < skewAverage {
		return s
	}
	last := len(s.samples) - 1
	if last >= 0 && !r.Span.End.After(s.samples[last].at) {
		return s
	}
	kept := make([]skewSample, 0, len(s.samples)+1)
	for _, old := range s.samples {
		if r.Span.End.Sub(old.at) <= skewMemory {
			kept = append(kept, old)
		}
	}
	requests := s.requests
	if len(kept) == 0 {
		requests = r.Requests
	}
	kept = append(kept, skewSample{r.Span.End, Ratio(r.Max / r.Average)})
	return Skew{samples: kept, requests: requests}
}

// For is what is remembered that still holds for a reading, of whatever
// source: nothing, if the containers or their requests have changed.
func (s Skew) For(r *Reading) Skew {
	if len(s.samples) == 0 || !sameRequests(s.requests, r.Requests) {
		return Skew{}
	}
	return s
}

func sameRequests(a, b map[string]Nanocores) bool {
	if len(a) != len(b) {
		return false
	}
	for name, before := range a {
		after, ok := b[name]
		if !ok || math.Abs(float64(after-before)) > skewChange*float64(before) {
			return false
		}
	}
	return true
}

// Ratio is the median of what is remembered, bounded to 0.25…4, and whether
// anything is.
func (s Skew) Ratio() (Ratio, bool) {
	if len(s.samples) == 0 {
		return 0, false
	}
	ratios := make([]Ratio, 0, len(s.samples))
	for _, sample := range s.samples {
		ratios = append(ratios, sample.ratio)
	}
	slices.Sort(ratios)
	middle := len(ratios) / 2
	median := ratios[middle]
	if len(ratios)%2 == 0 {
		median = (ratios[middle-1] + ratios[middle]) / 2
	}
	return min(max(median, skewLeast), skewMost), true
}
