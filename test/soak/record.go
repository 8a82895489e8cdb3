package soak

import (
	"slices"
	"time"
)

// Record is what happened, as far as it is checked. All lists are sorted by
// time.
type Record struct {
	Workloads []Workload
	Answers   []Answer
	Sights    []Sight
	Calls     []Call
	Scrapes   []Scrape
	Deeds     []Deed
	// Log is what the adapter printed, and Secrets what must not be in it.
	Log     string
	Secrets []string
}

// Answer is what a reader of one workload's maximum got.
type Answer struct {
	Workload string
	// At is when it was asked for, Done when it was there.
	At, Done time.Time
	// Code is the HTTP status, 0 without an answer; Message that of an error.
	Code    int
	Message string
	// Items is how many there were; what follows is of the first.
	Items int
	// Source, Container, Adjusted and Held are its labels.
	Source, Container, Adjusted, Held string
	// Measured is the value before it was adjusted, in percent.
	Measured float64
	// Begin and End are the claimed time of the data.
	Begin, End time.Time
	// World is what the source could have measured then.
	World Bounds
}

// OK says that the answer held a value.
func (a Answer) OK() bool { return a.Code == 200 && a.Items > 0 }

// ByAverage says that the value is a plain Pod average, which hides the
// hottest container.
func (a Answer) ByAverage() bool { return a.Container == "" && a.Adjusted != "calibrated" }

// Bounds are the lowest and the highest value that would be right, in percent.
// They are unknown when the world had nothing to measure.
type Bounds struct {
	Low, High float64
	Known     bool
}

// Sight is a workload as it truly is.
type Sight struct {
	Workload string
	At       time.Time
	// Load is in Pods' worth.
	Load float64
	// Replicas is what the workload is told to have, Pods what it has, and
	// Serving how many of those are Ready and not being deleted.
	Replicas, Pods, Serving int
	// Max and Average are percents, over the Pods that serve.
	Max, Average float64
}

// Call is one that Datadog saw.
type Call struct {
	At     time.Time
	Status int
	// Faulty says that the status was that of a fault.
	Faulty bool
	// Wait is what a 429 announced, 0 if nothing.
	Wait time.Duration
}

// Scrape is what the adapter says of itself.
type Scrape struct {
	At time.Time
	// Process tells one process of the adapter from the next.
	Process    float64
	Goroutines int
	// Memory is resident, in bytes.
	Memory int64
	// Answers and Slow count, of this process, the answers and those that
	// took it more than 100 ms; Calls those to Datadog.
	Answers, Slow, Calls int
}

// Deed is a step as it was done.
type Deed struct {
	Step
	Begin time.Time
	// End is when it was over; zero while it goes on.
	End time.Time
	// Err is why it could not be done.
	Err error
}

// during says whether a deed was going on at some moment between two.
func (d Deed) during(from, to time.Time) bool {
	return !d.Begin.After(to) && (d.End.IsZero() || !d.End.Before(from))
}

// deeds are those of some kinds that went on at some moment between two, on a
// workload or on none in particular; an empty name is every workload.
func (r *Record) deeds(from, to time.Time, workload string, kinds ...Kind) []Deed {
	var found []Deed
	for _, d := range r.Deeds {
		if slices.Contains(kinds, d.Kind) && d.during(from, to) && (workload == "" || d.Workload == "" || d.Workload == workload) {
			found = append(found, d)
		}
	}
	return found
}

// any says whether there is a deed of these kinds between two moments.
func (r *Record) any(from, to time.Time, workload string, kinds ...Kind) bool {
	return len(r.deeds(from, to, workload, kinds...)) > 0
}

// answers are those of a workload that were asked for between two moments.
func (r *Record) answers(workload string, from, to time.Time) []Answer {
	return between(r.Answers, workload, from, to, func(a *Answer) (string, time.Time) { return a.Workload, a.At })
}

// sights are those of a workload between two moments.
func (r *Record) sights(workload string, from, to time.Time) []Sight {
	return between(r.Sights, workload, from, to, func(s *Sight) (string, time.Time) { return s.Workload, s.At })
}

// between are the items of a workload, in a list sorted by time.
func between[T any](list []T, workload string, from, to time.Time, key func(*T) (string, time.Time)) []T {
	first, _ := slices.BinarySearchFunc(list, from, func(item T, from time.Time) int {
		_, at := key(&item)
		return at.Compare(from)
	})
	var found []T
	for i := first; i < len(list); i++ {
		name, at := key(&list[i])
		if at.After(to) {
			break
		}
		if name == workload {
			found = append(found, list[i])
		}
	}
	return found
}
