package soak

import (
	"time"

	"github.com/crest-hpa/crest/test/world"
)

const (
	// slack is by how much the data may be older than is claimed: an agent
	// reports what was used since its last look, and Kubernetes gives times
	// in whole seconds.
	slack = 2 * time.Second
	// slice is how short a moment is.
	slice = 500 * time.Millisecond
)

// spread is by how much some of the data may be newer than is claimed: the
// oldest sample dates an answer, and others may be newer.
var spread = map[string]time.Duration{"datadog": 4 * time.Second, "metrics-server": maxAge["metrics-server"]}

// span is when the data of an answer may have been measured.
func (a Answer) span() (from, to time.Time) {
	from, to = a.Begin.Add(-slack), a.End.Add(spread[a.Source])
	if to.After(a.Done) {
		to = a.Done
	}
	return from, to
}

// widen makes the bounds hold a value.
func (b Bounds) widen(percent float64) Bounds {
	if !b.Known {
		return Bounds{percent, percent, true}
	}
	return Bounds{min(b.Low, percent), max(b.High, percent), true}
}

// boundsOfTracks is between what and what the maximum over containers of a
// mean over any of the Pods can be, Ready or not, as Datadog sees them: the
// highest of the containers' lowest utilization, and of their highest.
func boundsOfTracks(tracks []*world.Track, from, to time.Time) Bounds {
	containers := map[string]Bounds{}
	for _, t := range tracks {
		if t.Request == 0 {
			continue
		}
		for begin := from; begin.Before(to); begin = begin.Add(slice) {
			if usage, ok := t.Mean(begin, begin.Add(slice)); ok {
				containers[t.Container] = containers[t.Container].widen(100 * float64(usage/t.Request))
			}
		}
	}
	var all Bounds
	for _, b := range containers {
		all = Bounds{max(all.Low, b.Low), max(all.High, b.High), true}
	}
	return all
}

// boundsOfSights is the same of the Pods that serve, as metrics-server sees
// them: of their average or of the maximum.
func boundsOfSights(sights []Sight, average bool) Bounds {
	var all Bounds
	for _, s := range sights {
		switch {
		case s.Serving == 0:
		case average:
			all = all.widen(s.Average)
		default:
			all = all.widen(s.Max)
		}
	}
	return all
}
