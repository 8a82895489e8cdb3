package world

import (
	"slices"
	"sort"
	"time"
)

// Track is the CPU use of one container of one Pod, from its start to its
// end. A container that restarts begins a new Track.
type Track struct {
	Namespace, Pod, Container, Node string
	// Owner is the workload the Pod belongs to, as far as the Pod itself tells.
	Owner Owner
	// Request is the CPU request now; 0 means that there is none.
	Request Cores
	Started time.Time
	// Ended is zero while the container runs.
	Ended time.Time

	counter counter
}

// Mean is the mean usage between two moments. The answer is not ok unless the
// container ran all the time.
func (t *Track) Mean(from, to time.Time) (usage Cores, ok bool) {
	if !from.Before(to) || from.Before(t.Started) || !t.Ended.IsZero() && to.After(t.Ended) {
		return 0, false
	}
	used := t.counter.at(to.UnixNano()) - t.counter.at(from.UnixNano())
	return Cores(float64(used) / to.Sub(from).Seconds()), true
}

// Counter is the CPU time used since the start, as a kubelet reports it.
func (t *Track) Counter(at time.Time) CPUSeconds { return t.counter.at(at.UnixNano()) }

// counter is cumulative CPU time as a piecewise linear function of time: it
// needs memory only where the usage changes, and any span can be integrated
// exactly. Segments are only ever appended and dropped, never changed, so a
// copy of a counter stays valid while the original grows.
type counter struct {
	segments []segment // sorted by start, never empty
}

type segment struct {
	start int64 // Unix nanoseconds
	total CPUSeconds
	rate  Cores
}

// maxSegments bounds the memory of a container whose usage changes at every
// step: 4,000 segments are 96 KB and, at four steps a second, 16 minutes.
const maxSegments = 4000

// firstCPU is what a container has used when it starts. It is not 0, because
// metrics-server takes a counter of 0 for a missing one and drops the Pod.
const firstCPU CPUSeconds = 1e-6

func newCounter(start int64) counter {
	return counter{[]segment{{start: start, total: firstCPU}}}
}

// set makes rate the usage from now on.
func (c *counter) set(now int64, rate Cores) {
	last := c.segments[len(c.segments)-1]
	if last.rate == rate {
		return
	}
	now = max(now, last.start)
	if len(c.segments) >= maxSegments {
		c.segments = slices.Clone(c.segments[maxSegments/4:])
	}
	c.segments = append(c.segments, segment{start: now, total: last.at(now), rate: rate})
}

func (c *counter) at(now int64) CPUSeconds {
	after := sort.Search(len(c.segments), func(i int) bool { return c.segments[i].start > now })
	return c.segments[max(after-1, 0)].at(now)
}

func (s segment) at(now int64) CPUSeconds {
	elapsed := time.Duration(max(now-s.start, 0)).Seconds()
	return s.total + CPUSeconds(float64(s.rate)*elapsed)
}

// forget drops what is only needed to look back before a moment.
func (c *counter) forget(before int64) {
	drop := 0
	for drop+1 < len(c.segments) && c.segments[drop+1].start <= before {
		drop++
	}
	// Copying at every step would cost more than the memory it frees.
	if drop > len(c.segments)/2 {
		c.segments = slices.Clone(c.segments[drop:])
	}
}
