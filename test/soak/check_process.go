package soak

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// mostPerSecond is how often Datadog is called at an interval and a
	// retryInterval of a second: a few calls more bring a new workload or
	// follow a start.
	mostPerSecond = 1.5
	// paceSpan is the least time over which the pace is measured.
	paceSpan = 10 * time.Second
	// early is by how much a wait may look shorter than it was announced: the
	// time of a call is when it arrives.
	early = time.Second
)

// checkBudget wants that no call exceeds the rate limit but the first ones of
// a process that does not know it, and none before the end of a wait.
func checkBudget(r *Record) []Violation {
	var found []Violation
	for i, c := range r.Calls {
		if c.Status == http.StatusTooManyRequests && !c.Faulty && !r.away(c.At.Add(-starting), c.At) {
			found = append(found, Violation{Invariant: WithinBudget, At: c.At, Text: "Datadog refused a call, which exceeded the budget that it had announced"})
		}
		if i == 0 {
			continue
		}
		before := r.Calls[i-1]
		if waited := c.At.Sub(before.At); waited < before.Wait-early && !r.away(before.At, c.At) {
			found = append(found, Violation{Invariant: WithinBudget, At: c.At, Text: fmt.Sprintf(
				"a call %s after a 429 that asked to wait %s", waited.Round(time.Millisecond), before.Wait)})
		}
	}
	return found
}

// checkPaced wants that the calls, also those that do not reach Datadog, come
// as often as is configured.
func checkPaced(r *Record) []Violation {
	var found []Violation
	first := 0
	for i, s := range r.Scrapes {
		for r.Scrapes[first].Process != s.Process || first+1 < i && s.At.Sub(r.Scrapes[first+1].At) >= paceSpan {
			first++
		}
		from := r.Scrapes[first]
		took := s.At.Sub(from.At)
		if calls := s.Calls - from.Calls; took >= paceSpan && float64(calls) > mostPerSecond*took.Seconds() {
			found = append(found, Violation{Invariant: Paced, At: s.At, Text: fmt.Sprintf("%d calls to Datadog in %s", calls, took.Round(time.Second/10))})
		}
	}
	return found
}

// mayWait is how many answers for a workload that loses its HPA may wait for a
// collection: the selection is forgotten and enrolled again.
const mayWait = 2

// checkFast looks at what each scrape has more than the one before, or than
// nothing if the process is another one.
func checkFast(r *Record) []Violation {
	var found []Violation
	for i := 1; i < len(r.Scrapes); i++ {
		before, s := r.Scrapes[i-1], r.Scrapes[i]
		slow := s.Slow
		if before.Process == s.Process {
			slow -= before.Slow
		}
		if slow > mayWait*len(r.deeds(before.At.Add(-starting), s.At, "", NoHPA)) {
			found = append(found, Violation{Invariant: Fast, At: s.At, Text: fmt.Sprintf("%d answers took the adapter more than 100 ms", slow)})
		}
	}
	return found
}

// How far goroutines and memory may rise above what the first process has when
// it is warm. The largest answer that is read is 64 MiB, decoding included.
const (
	moreGoroutines = 150
	moreMemory     = 192 << 20
)

func checkFlat(r *Record) []Violation {
	var found []Violation
	if len(r.Scrapes) == 0 {
		return nil
	}
	base := r.Scrapes[0]
	for _, s := range r.Scrapes {
		if s.Goroutines > base.Goroutines+moreGoroutines || s.Memory > base.Memory+moreMemory {
			found = append(found, Violation{Invariant: Flat, At: s.At, Text: fmt.Sprintf(
				"%d goroutines and %d MiB of memory; it began with %d and %d", s.Goroutines, s.Memory>>20, base.Goroutines, base.Memory>>20)})
		}
	}
	return found
}

// unwelcome is what must not be in a log.
var unwelcome = []string{"panic:", "fatal error:", "goroutine 1 [", "is forbidden", "cannot list resource", "cannot get resource"}

func checkLog(r *Record) []Violation {
	var found []Violation
	at := time.Time{}
	if n := len(r.Sights); n > 0 {
		at = r.Sights[n-1].At
	}
	for _, text := range unwelcome {
		if line := lineWith(r.Log, text); line != "" {
			found = append(found, Violation{CleanLog, at, "", line})
		}
	}
	for _, secret := range r.Secrets {
		if strings.Contains(r.Log, secret) {
			// The line would make it worse.
			found = append(found, Violation{CleanLog, at, "", "a key is in the log"})
		}
	}
	return found
}

// lineWith is the first line of a text that holds another.
func lineWith(text, part string) string {
	i := strings.Index(text, part)
	if i < 0 {
		return ""
	}
	line := text[strings.LastIndexByte(text[:i], '\n')+1:]
	line, _, _ = strings.Cut(line, "\n")
	return line
}
