package soak

import (
	"fmt"
	"slices"
	"time"
)

// Invariant is something that holds whatever breaks.
type Invariant string

// The invariants.
const (
	// OneItem: a maximum is exactly one item, and a status is 200 or 503.
	OneItem Invariant = "one item, or a 503"
	// Answered: there is an answer unless both sources are in trouble.
	Answered Invariant = "an answer while a source is well"
	// Right: the value is what the world says for the claimed source and time.
	Right Invariant = "the value is that of the claimed source and time"
	// Fresh: the data are at most as old as the source's maxAge allows.
	Fresh Invariant = "the data are fresh"
	// Enough: what was needed for as long as the data are old, and the HPA
	// takes, is there.
	Enough Invariant = "enough replicas"
	// NotTwice: nobody gets twice of what was ever needed of late.
	NotTwice Invariant = "not twice the replicas that were needed"
	// WithinBudget: Datadog's rate limit is obeyed.
	WithinBudget Invariant = "calls within the budget"
	// Paced: Datadog is never called in a storm.
	Paced Invariant = "calls as often as configured"
	// Fast: no answer takes the adapter more than 100 ms.
	Fast Invariant = "answers within 100 ms"
	// Flat: goroutines and memory do not grow.
	Flat Invariant = "goroutines and memory are flat"
	// CleanLog: no panic, no missing permission and no key is in the log.
	CleanLog Invariant = "the log is clean"
	// Done: the step could be done; else the run has shown less than it claims.
	Done Invariant = "every step could be done"
	// Settles: after the last fault everything is as if there had been none.
	Settles Invariant = "all is well at the end"
)

// Violation is one moment at which an invariant did not hold.
type Violation struct {
	Invariant Invariant
	At        time.Time
	// Workload is the one that it is about, if it is about one.
	Workload string
	Text     string
}

func (v Violation) String() string {
	return fmt.Sprintf("%s %-5s %s: %s", v.At.UTC().Format("15:04:05.0"), v.Workload, v.Invariant, v.Text)
}

// Check says where a record breaks an invariant: of a span in which it does,
// the beginning.
func Check(r *Record) []Violation {
	var all []Violation
	for _, check := range []func(*Record) []Violation{
		checkForm, checkAnswered, checkRight, checkFresh,
		checkEnough, checkNotTwice,
		checkBudget, checkPaced,
		checkFast, checkFlat, checkLog, checkDone,
	} {
		all = append(all, check(r)...)
	}
	slices.SortStableFunc(all, func(a, b Violation) int { return a.At.Compare(b.At) })
	return beginnings(all)
}

// quiet is how long an invariant must hold again before it is said once more
// that it does not.
const quiet = 10 * time.Second

// beginnings leaves out what only goes on.
func beginnings(sorted []Violation) []Violation {
	type about struct {
		Invariant
		string
	}
	last := map[about]time.Time{}
	var kept []Violation
	for _, v := range sorted {
		key := about{v.Invariant, v.Workload}
		if before, ok := last[key]; !ok || v.At.Sub(before) > quiet {
			kept = append(kept, v)
		}
		last[key] = v.At
	}
	return kept
}

// each applies a check to every answer.
func each(r *Record, invariant Invariant, check func(Answer) string) []Violation {
	var found []Violation
	for _, a := range r.Answers {
		if text := check(a); text != "" {
			found = append(found, Violation{invariant, a.At, a.Workload, text})
		}
	}
	return found
}

func checkDone(r *Record) []Violation {
	var found []Violation
	for _, d := range r.Deeds {
		if d.Err != nil {
			found = append(found, Violation{Done, d.Begin, d.Workload, fmt.Sprintf("%s: %v", d.Kind, d.Err)})
		}
	}
	return found
}
