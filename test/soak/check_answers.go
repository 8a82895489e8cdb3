package soak

import (
	"fmt"
	"math"
	"net/http"
	"time"
)

// The configuration of the adapter of a stage, which these invariants are
// about.
var maxAge = map[string]time.Duration{"datadog": 10 * time.Second, "metrics-server": 15 * time.Second}

const (
	// truncation is what a timestamp of whole seconds hides.
	truncation = time.Second
	// recovering is for how long after a trouble a source is still recovering.
	recovering = 15 * time.Second
	// starting is how long an adapter that answers /readyz may take to know
	// every workload.
	starting = 10 * time.Second
)

func checkForm(r *Record) []Violation {
	return each(r, OneItem, func(a Answer) string {
		switch {
		case a.Code == http.StatusOK && a.Items != 1:
			return fmt.Sprintf("%d items", a.Items)
		case a.Code == http.StatusOK, a.Code == http.StatusServiceUnavailable:
			return ""
		case a.Code != http.StatusInternalServerError && r.away(a.At, a.Done):
			return "" // the API server speaks for it, or it does not know callers yet
		}
		return fmt.Sprintf("status %d: %s", a.Code, a.Message)
	})
}

// away says whether the adapter did not run all the time between two moments.
func (r *Record) away(from, to time.Time) bool { return r.any(from, to, "", Kill, Terminate) }

func checkAnswered(r *Record) []Violation {
	return each(r, Answered, func(a Answer) string {
		if a.OK() || r.excused(a) {
			return ""
		}
		return fmt.Sprintf("status %d: %s", a.Code, a.Message)
	})
}

// excused says whether an error is right: the adapter has been away, or the
// selection is one that no HPA names and that has to be learned, or neither
// source can know.
func (r *Record) excused(a Answer) bool {
	if r.away(a.At.Add(-starting), a.Done) || r.any(a.At.Add(-starting), a.Done, a.Workload, NoHPA) {
		return true
	}
	return r.datadogTroubled(a) && r.metricsServerTroubled(a)
}

func (r *Record) datadogTroubled(a Answer) bool {
	return r.any(a.At.Add(-recovering), a.Done, "", Datadog, Lag, Budget)
}

// metricsServerTroubled says that metrics-server may have nothing usable: its
// kubelets fail, or most Pods are too young to have been measured.
func (r *Record) metricsServerTroubled(a Answer) bool {
	if r.any(a.At.Add(-recovering), a.Done, "", Kubelets) {
		return true
	}
	least, most := math.MaxInt, 0
	for _, s := range r.sights(a.Workload, a.At.Add(-recovering), a.Done) {
		least, most = min(least, s.Serving), max(most, s.Serving)
	}
	return 2*least < most || r.any(a.At.Add(-recovering), a.Done, a.Workload, Rollout, Hung)
}

// Differences that are not wrong: labels have one decimal, and the world and
// its instruments do not step at one moment.
const (
	absolute = 1.0 // percent points
	relative = 0.03
)

func checkRight(r *Record) []Violation {
	return each(r, Right, func(a Answer) string {
		if !a.OK() || !a.World.Known {
			return ""
		}
		low, high := a.World.Low*(1-relative)-absolute, a.World.High*(1+relative)+absolute
		if a.Measured >= low && a.Measured <= high {
			return ""
		}
		return fmt.Sprintf("%s measured %.1f %% (container %q, adjusted %q) from %s to %s, when there was from %.1f to %.1f %%",
			a.Source, a.Measured, a.Container, a.Adjusted, clock(a.Begin), clock(a.End), a.World.Low, a.World.High)
	})
}

func checkFresh(r *Record) []Violation {
	return each(r, Fresh, func(a Answer) string {
		if !a.OK() {
			return ""
		}
		most, known := maxAge[a.Source]
		switch age := a.At.Sub(a.End); {
		case !known:
			return fmt.Sprintf("the source is %q", a.Source)
		case age > most+truncation:
			return fmt.Sprintf("data of %s, %s old", a.Source, age.Round(time.Millisecond))
		case a.End.After(a.Done):
			return fmt.Sprintf("data of %s, from %s in the future", a.Source, a.End.Sub(a.Done).Round(time.Millisecond))
		}
		return ""
	})
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.0") }
