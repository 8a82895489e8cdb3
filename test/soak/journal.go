package soak

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// remembered is how far back a record goes. Whoever soaks for a night needs
// the memory of minutes only.
const remembered = 10 * time.Minute

// journal is a record that is still being written.
type journal struct {
	mu     sync.Mutex
	record Record // without its Deeds
	deeds  []*Deed
	totals totals
}

// restart forgets everything: what was before does not count.
func (j *journal) restart() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.record, j.deeds, j.totals = Record{}, nil, totals{}
}

func (j *journal) answer(a Answer) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.record.Answers = append(j.record.Answers, a)
	j.totals.count(a)
}

func (j *journal) sight(s ...Sight) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.record.Sights = append(j.record.Sights, s...)
	j.totals.see(s)
}

func (j *journal) scrape(s Scrape) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.record.Scrapes = append(j.record.Scrapes, s)
}

// begin notes the beginning of a step. The function that it returns notes its
// end.
func (j *journal) begin(s Step) (over func(error)) {
	d := &Deed{Step: s, Begin: time.Now()}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.deeds = append(j.deeds, d)
	j.totals.steps++
	return func(err error) {
		j.mu.Lock()
		defer j.mu.Unlock()
		d.End, d.Err = time.Now(), err
	}
}

// sights are those of a workload between two moments.
func (j *journal) sights(workload string, from, to time.Time) []Sight {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.record.sights(workload, from, to)
}

// snapshot is the record until now, after what is too old has been dropped.
// The first scrape is kept: it is what later ones are compared with.
func (j *journal) snapshot(now time.Time) Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	horizon := now.Add(-remembered)
	r := &j.record
	r.Answers = slices.DeleteFunc(r.Answers, func(a Answer) bool { return a.At.Before(horizon) })
	r.Sights = slices.DeleteFunc(r.Sights, func(s Sight) bool { return s.At.Before(horizon) })
	for len(r.Scrapes) > 2 && r.Scrapes[1].At.Before(horizon) {
		r.Scrapes = slices.Delete(r.Scrapes, 1, 2)
	}
	// Readers finish in another order than they begin.
	slices.SortStableFunc(r.Answers, func(a, b Answer) int { return cmp.Or(a.At.Compare(b.At), a.Done.Compare(b.Done)) })
	j.deeds = slices.DeleteFunc(j.deeds, func(d *Deed) bool { return !d.during(horizon, now) })
	c := *r
	c.Answers, c.Sights, c.Scrapes = slices.Clone(r.Answers), slices.Clone(r.Sights), slices.Clone(r.Scrapes)
	for _, d := range j.deeds {
		c.Deeds = append(c.Deeds, *d)
	}
	return c
}
