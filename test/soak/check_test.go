package soak

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// noon is when every record of these tests begins.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// minute is a record of one in which nothing is wrong: the workload item needs
// four Pods, has four, and Datadog says so.
func minute() *Record {
	item := Workloads()[0]
	r := &Record{Workloads: []Workload{item}, Log: "I1122 all is well\n", Secrets: []string{"secret-key"}}
	for i := range 120 {
		now := at(float64(i) / 2)
		r.Sights = append(r.Sights, Sight{
			Workload: "item", At: now, Load: 4, Replicas: 4, Pods: 4, Serving: 4, Max: 70, Average: item.average(),
		})
		r.Answers = append(r.Answers, Answer{
			Workload: "item", At: now, Done: now.Add(10 * time.Millisecond), Code: 200, Items: 1,
			Source: "datadog", Container: "istio-proxy", Measured: 70,
			Begin: now.Add(-3 * time.Second), End: now.Add(-2 * time.Second), World: Bounds{70, 70, true},
		})
	}
	for i := range 60 {
		r.Calls = append(r.Calls, Call{At: at(float64(i)), Status: 200})
	}
	for i := range 30 {
		r.Scrapes = append(r.Scrapes, Scrape{
			At: at(float64(2 * i)), Process: 1, Goroutines: 100, Memory: 100 << 20, Answers: 4 * i, Calls: 2 * i,
		})
	}
	return r
}

// answers changes those from one moment to another.
func (r *Record) change(from, to float64, change func(*Answer)) {
	for i := range r.Answers {
		if a := &r.Answers[i]; !a.At.Before(at(from)) && a.At.Before(at(to)) {
			change(a)
		}
	}
}

// see changes the sights from one moment to another.
func (r *Record) see(from, to float64, change func(*Sight)) {
	for i := range r.Sights {
		if s := &r.Sights[i]; !s.At.Before(at(from)) && s.At.Before(at(to)) {
			change(s)
		}
	}
}

func (r *Record) deed(from, to float64, s Step) {
	r.Deeds = append(r.Deeds, Deed{Step: s, Begin: at(from), End: at(to)})
}

// unbalance makes the workload one whose Pod average hides its proxy.
func unbalance(r *Record) {
	r.Workloads = []Workload{Workloads()[1]}
	r.Workloads[0].Name = "item"
}

func refuse(a *Answer) { *a = Answer{Workload: a.Workload, At: a.At, Done: a.Done, Code: 503} }

func TestEachInvariantIsSeenToBreak(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*Record)
		want  []Invariant // none if all holds
	}{
		"nothing is wrong": {func(*Record) {}, nil},

		"two items": {func(r *Record) { r.Answers[30].Items = 2 }, []Invariant{OneItem}},
		"no item":   {func(r *Record) { r.Answers[30].Items = 0 }, []Invariant{OneItem, Answered}},
		"a 500":     {func(r *Record) { r.Answers[30] = Answer{Workload: "item", At: at(15), Done: at(15), Code: 500} }, []Invariant{OneItem, Answered}},
		"a 500 while it is killed": {func(r *Record) {
			r.Answers[30] = Answer{Workload: "item", At: at(15), Done: at(15), Code: 500}
			r.deed(14, 16, Step{Kind: Kill})
		}, []Invariant{OneItem}},
		"no connection while it is killed": {func(r *Record) {
			r.Answers[30] = Answer{Workload: "item", At: at(15), Done: at(15)}
			r.deed(14, 16, Step{Kind: Kill})
		}, nil},

		"a 503 out of the blue":       {func(r *Record) { r.change(15, 16, refuse) }, []Invariant{Answered}},
		"a 503 while Datadog is away": {func(r *Record) { r.change(15, 16, refuse); r.deed(10, 20, Step{Kind: Datadog}) }, []Invariant{Answered}},
		"a 503 while metrics-server is away": {func(r *Record) {
			r.change(15, 16, refuse)
			r.deed(10, 20, Step{Kind: Kubelets})
		}, []Invariant{Answered}},
		"a 503 while both are away": {func(r *Record) {
			r.change(15, 16, refuse)
			r.deed(10, 20, Step{Kind: Kubelets})
			r.deed(10, 20, Step{Kind: Datadog})
		}, nil},
		"a 503 while another workload's HPA is away": {func(r *Record) {
			r.change(15, 16, refuse)
			r.deed(14, 20, Step{Kind: NoHPA, Workload: "front"})
		}, []Invariant{Answered}},

		"a value that nothing had": {func(r *Record) { r.Answers[30].Measured = 74 }, []Invariant{Right}},
		"a value a hair too low":   {func(r *Record) { r.Answers[30].Measured = 68 }, nil},
		"data of an hour ago": {func(r *Record) {
			r.Answers[30].End = at(15 - 3600)
		}, []Invariant{Fresh}},
		"metrics-server's data of 14 s ago": {func(r *Record) {
			r.Answers[30].Source, r.Answers[30].End = "metrics-server", at(15-14)
		}, nil},
		"Datadog's data of 14 s ago": {func(r *Record) { r.Answers[30].End = at(15 - 14) }, []Invariant{Fresh}},
		"data from the future":       {func(r *Record) { r.Answers[30].End = at(16) }, []Invariant{Fresh}},
		"a source of no name":        {func(r *Record) { r.Answers[30].Source = "none" }, []Invariant{Fresh}},

		"too few Pods for a while": {func(r *Record) { r.see(20, 30, func(s *Sight) { s.Load = 8 }) }, nil},
		"too few Pods for long":    {func(r *Record) { r.see(20, 40, func(s *Sight) { s.Load = 8 }) }, []Invariant{Enough}},
		"too few Pods for long, without an answer": {func(r *Record) {
			r.see(20, 40, func(s *Sight) { s.Load = 8 })
			r.change(20, 40, refuse)
			r.deed(20, 40, Step{Kind: Datadog})
			r.deed(20, 40, Step{Kind: Kubelets})
		}, nil},
		"too few Pods by less than an HPA tolerates": {func(r *Record) { r.see(20, 40, func(s *Sight) { s.Load = 4.4 }) }, nil},
		"too few Pods, for a Pod average that cannot know": {func(r *Record) {
			unbalance(r)
			r.see(20, 40, func(s *Sight) { s.Load = 8 })
			r.change(20, 40, func(a *Answer) { a.Container, a.Source = "", "metrics-server" })
		}, nil},
		"Pods that a Pod average takes away which hides what they bear": {func(r *Record) {
			unbalance(r)
			r.see(30, 60, func(s *Sight) { s.Replicas = 2 })
			r.change(20, 60, func(a *Answer) { a.Container, a.Source = "", "metrics-server" })
		}, []Invariant{Enough}},
		"twice the Pods":           {func(r *Record) { r.see(20, 21, func(s *Sight) { s.Replicas = 8 }) }, nil},
		"more than twice the Pods": {func(r *Record) { r.see(20, 21, func(s *Sight) { s.Replicas = 9 }) }, []Invariant{NotTwice}},

		"a call beyond the budget": {func(r *Record) { r.Calls[20].Status = 429 }, []Invariant{WithinBudget}},
		"a call before the end of a wait": {func(r *Record) {
			r.Calls[20] = Call{At: at(20), Status: 429, Faulty: true, Wait: 6 * time.Second}
		}, []Invariant{WithinBudget}},
		"a storm of calls": {func(r *Record) {
			for i := 15; i < 30; i++ {
				r.Scrapes[i].Calls += 20
			}
		}, []Invariant{Paced}},

		"an answer that takes long": {func(r *Record) {
			for i := 15; i < 30; i++ {
				r.Scrapes[i].Slow = 1
			}
		}, []Invariant{Fast}},
		"an answer that waits for what no HPA names": {func(r *Record) {
			for i := 15; i < 30; i++ {
				r.Scrapes[i].Slow = 1
			}
			r.deed(28, 31, Step{Kind: NoHPA, Workload: "item"})
		}, nil},
		"goroutines that pile up": {func(r *Record) { r.Scrapes[29].Goroutines = 1000 }, []Invariant{Flat}},
		"memory that piles up":    {func(r *Record) { r.Scrapes[29].Memory = 1 << 30 }, []Invariant{Flat}},

		"a panic":              {func(r *Record) { r.Log += "panic: nil\n" }, []Invariant{CleanLog}},
		"a missing permission": {func(r *Record) { r.Log += `pods is forbidden: User "x"` }, []Invariant{CleanLog}},
		"a key in the log":     {func(r *Record) { r.Log += "dd-api-key: secret-key" }, []Invariant{CleanLog}},
		"a step that failed": {func(r *Record) {
			r.deed(5, 6, Step{Kind: Rollout})
			r.Deeds[0].Err = errors.New("no such Pod")
		}, []Invariant{Done}},
	} {
		t.Run(name, func(t *testing.T) {
			r := minute()
			test.spoil(r)
			violations := Check(r)
			var got []Invariant
			for _, v := range violations {
				if !slices.Contains(got, v.Invariant) {
					got = append(got, v.Invariant)
				}
				if strings.Contains(v.String(), "secret-key") {
					t.Errorf("a violation tells the key: %s", v)
				}
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if !slices.Equal(got, test.want) {
				t.Errorf("broken are %q, want %q:\n%v", got, test.want, violations)
			}
		})
	}
}

func TestWhatGoesOnIsToldOnce(t *testing.T) {
	r := minute()
	r.change(10, 20, func(a *Answer) { a.Measured = 90 })
	r.change(40, 41, func(a *Answer) { a.Measured = 90 })
	got := Check(r)
	if len(got) != 2 || !got[0].At.Equal(at(10)) || !got[1].At.Equal(at(40)) {
		t.Errorf("got %v, want one violation at 10 s and one at 40 s", got)
	}
}

func TestAHeldWorkloadMayKeepItsPodsForLong(t *testing.T) {
	r := minute()
	r.see(0, 60, func(s *Sight) { s.Replicas, s.Pods, s.Serving = 12, 12, 12 })
	r.see(0, 1, func(s *Sight) { s.Load = 12 })
	if got := Check(r); len(got) != 0 {
		t.Errorf("within a minute: %v", got)
	}
	again := minute()
	for i := range again.Sights {
		again.Sights[i].At = again.Sights[i].At.Add(time.Minute)
		again.Sights[i].Replicas = 12
		again.Answers[i].At = again.Answers[i].At.Add(time.Minute)
		again.Answers[i].Done = again.Answers[i].Done.Add(time.Minute)
		again.Answers[i].Begin = again.Answers[i].Begin.Add(time.Minute)
		again.Answers[i].End = again.Answers[i].End.Add(time.Minute)
	}
	r.Sights, r.Answers = append(r.Sights, again.Sights...), append(r.Answers, again.Answers...)
	if got := Check(r); len(got) != 1 || got[0].Invariant != NotTwice {
		t.Errorf("after a minute in which it could have shrunk: %v, want one %q", got, NotTwice)
	}
	r.change(10, 120, func(a *Answer) { a.Held = "FallbackScaleDown" })
	if got := Check(r); len(got) != 0 {
		t.Errorf("held: %v", got)
	}
}
