package soak

import (
	"fmt"
	"math"
	"time"
)

const (
	// reaction is what an HPA that syncs every two seconds takes at most from
	// an answer to the replicas, on a machine that has other things to do.
	reaction = 10 * time.Second
	// memory is how long a need is remembered by who judges whether replicas
	// are too many: an HPA stabilizes for ten seconds, after a Datadog whose
	// data are up to ten seconds old.
	memory = 60 * time.Second
)

// checkEnough compares the replicas with what was needed all the time for as
// long as the data that were served are old, and an HPA takes to react.
func checkEnough(r *Record) []Violation {
	var found []Violation
	for _, w := range r.Workloads {
		for _, s := range r.sights(w.Name, time.Time{}, end) {
			need, span, ok := r.neededLong(w, s.At)
			if ok && s.Replicas < need {
				found = append(found, Violation{Enough, s.At, w.Name, fmt.Sprintf(
					"%d replicas, and at least %d have been needed for %s", s.Replicas, need, span.Round(time.Second/10))})
			}
		}
	}
	return found
}

// neededLong is the least that has been needed for so long that it should be
// there, if that can be said.
func (r *Record) neededLong(w Workload, now time.Time) (need int, span time.Duration, ok bool) {
	seen := r.answers(w.Name, now.Add(-reaction), now)
	span = oldest(seen) + reaction
	if !r.unbroken(w, now.Add(-span), now) {
		return 0, span, false
	}
	return r.needed(w, seen, now.Add(-span), now), span, true
}

// end is later than everything.
var end = time.Unix(1<<40, 0)

// oldest is how old the data were at most with which it was answered.
func oldest(answers []Answer) time.Duration {
	age := time.Duration(0)
	for _, a := range answers {
		if a.OK() {
			age = max(age, a.At.Sub(a.Begin))
		}
	}
	return age
}

// unbroken says that an HPA was there and had answers all the time between two
// moments, which lie in the record.
func (r *Record) unbroken(w Workload, from, to time.Time) bool {
	answers := r.answers(w.Name, from, to)
	for _, a := range answers {
		if !a.OK() {
			return false
		}
	}
	return len(answers) > 0 && len(r.Sights) > 0 && !r.Sights[0].At.After(from) && !r.any(from, to, w.Name, NoHPA)
}

// needed is the least that was needed between two moments, as far as those who
// gave the answers could know. A Pod average that hides the hottest container
// cannot know, and so may not take away what was there.
func (r *Record) needed(w Workload, answers []Answer, from, to time.Time) int {
	byAverage, byMean := false, false
	for _, a := range answers {
		byAverage = byAverage || a.ByAverage()
		byMean = byMean || a.Source == "datadog"
	}
	need, known := math.MaxInt, math.MaxInt
	sights := r.sights(w.Name, from, to)
	for _, s := range sights {
		share := 1.0
		if byMean && s.Pods > 0 {
			// Datadog's mean is over Pods that do not serve, too.
			share = float64(s.Serving) / float64(s.Pods)
		}
		need, known = min(need, w.Need(s.Load, false, share)), min(known, w.Need(s.Load, byAverage, share))
	}
	if w.balanced() {
		return known
	}
	return max(known, min(need, sights[0].Replicas))
}

// checkNotTwice compares the replicas with twice of what was needed at any
// moment of late. Time stands still while there is no answer or it is held:
// then nothing shrinks, and should not.
func checkNotTwice(r *Record) []Violation {
	var found []Violation
	for _, w := range r.Workloads {
		var now time.Duration
		var needs []needAt
		var last time.Time
		for _, s := range r.sights(w.Name, time.Time{}, end) {
			if !last.IsZero() && r.free(w, last, s.At) {
				now += s.At.Sub(last)
			}
			last = s.At
			needs = append(needs, needAt{now, max(int(math.Ceil(s.Load)), leastReplicas)})
			for needs[0].at < now-memory {
				needs = needs[1:]
			}
			if most := greatest(needs); s.Replicas > 2*most {
				found = append(found, Violation{NotTwice, s.At, w.Name, fmt.Sprintf("%d replicas, and at most %d have been needed of late", s.Replicas, most)})
			}
		}
	}
	return found
}

type needAt struct {
	at   time.Duration
	pods int
}

func greatest(needs []needAt) int {
	most := 0
	for _, n := range needs {
		most = max(most, n.pods)
	}
	return most
}

// free says whether all answers between two moments let the workload shrink.
func (r *Record) free(w Workload, from, to time.Time) bool {
	answers := r.answers(w.Name, from, to)
	for _, a := range answers {
		if !a.OK() || a.Held != "" {
			return false
		}
	}
	return len(answers) > 0 && !r.any(from, to, w.Name, NoHPA)
}
