package utilization

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ahead is how far in the future a Pod's metrics may lie before they are not
// believed: clocks differ a little.
const ahead = 30 * time.Second

// Reading is what one source says of a selection at one time.
type Reading struct {
	// Max is the highest utilization of any selected container, Hottest
	// the container that has it (of equals the first by name).
	Max     Percent
	Hottest string
	// Containers are the selected containers that count, sorted by name.
	Containers []ContainerReading
	// Average is 100·Σusage/Σrequest over all counted containers of all
	// counted Pods, whichever the selector picks. A source that does not
	// know one of them, or not of the same time as the others, does not know
	// the average.
	Average      Percent
	AverageKnown bool
	// Span is that of the oldest sample used. From means it is that of the
	// selected containers alone, so that one that nobody asked for and that
	// is late does not make the maximum look older.
	Span Span
	// Pods is how many Pods count, Measured how many of them the usage is
	// of: the answer stands for all of them.
	Pods, Measured int
	// LeftOut are the selected containers that are not in it, and why,
	// sorted by name.
	LeftOut []LeftOut
	// Requests are the mean CPU requests of all counted containers: what a
	// remembered skew depends on.
	Requests map[string]Nanocores
}

// ContainerReading is the utilization of one container over its Pods.
type ContainerReading struct {
	Name        string
	Utilization Percent
	// Pods is how many Pods reported it.
	Pods int
}

// Balanced says that at this moment the Pod average stands for the maximum.
func (r *Reading) Balanced() bool {
	return r.AverageKnown && r.Max <= Percent(balanced)*r.Average
}

// HottestPods is how many Pods the hottest container was measured in: what the
// maximum is the mean of. Another container may be in half of the Pods.
func (r *Reading) HottestPods() int {
	for _, c := range r.Containers {
		if c.Name == r.Hottest {
			return c.Pods
		}
	}
	return 0
}

// IncompleteError says that a source has no fresh usage for a container that
// counts. A maximum is taken over all of them or not at all: the silent one
// may be the hot one.
type IncompleteError struct {
	// Missing are the containers, sorted.
	Missing []string
}

func (e *IncompleteError) Error() string {
	return "no fresh usage of container " + strings.Join(e.Missing, ", ") +
		"; a maximum without it could hide the hottest one"
}

// FewPodsError says that too few of the counted Pods have usable metrics.
type FewPodsError struct {
	Pods, Usable int
	// Absent, Stale, Future, Partial and Young count the others: without
	// metrics, too old, from the future, without one of the containers, and
	// measured from before the Pod became Ready.
	Absent, Stale, Future, Partial, Young int
}

func (e *FewPodsError) Error() string {
	return fmt.Sprintf("%d of %d Ready Pods have usable metrics, fewer than half (%d absent, %d stale, %d from the future, "+
		"%d without one of the containers, %d measured from before the Pod was Ready)",
		e.Usable, e.Pods, e.Absent, e.Stale, e.Future, e.Partial, e.Young)
}

// FromMeans reads the selection from mean usages, one a container, as Datadog
// gives them: mean usage over mean request. A container that has no usage is
// left out where it is not required, such as one too young (see Required); else
// the error is an *IncompleteError.
func (s *Shape) FromMeans(usages map[string]Usage, required func(container string) bool) (*Reading, error) {
	r := s.reading()
	var missing []string
	for _, p := range s.selected {
		u, ok := usages[p.name]
		switch {
		case ok:
			r.add(ContainerReading{p.name, PercentOf(u.Mean, p.meanRequest()), u.Pods}, u.Span)
		case required(p.name):
			missing = append(missing, p.name)
		default:
			r.LeftOut = append(r.LeftOut, LeftOut{p.name, NotYetReported, "is too young to have been reported"})
		}
	}
	if len(missing) == 0 && len(r.Containers) == 0 {
		missing = s.Containers()
	}
	if len(missing) > 0 {
		return nil, &IncompleteError{Missing: missing}
	}
	sortLeftOut(r.LeftOut)
	r.Average, r.AverageKnown = s.averageOfMeans(usages, r)
	r.Measured = r.Containers[0].Pods
	for _, c := range r.Containers {
		r.Measured = min(r.Measured, c.Pods)
	}
	return r, nil
}

// averageOfMeans is the Pod average of usages that end with the maximum's: one
// of different times would be off by what the load did in between, and a skew
// made of it by as much.
func (s *Shape) averageOfMeans(usages map[string]Usage, r *Reading) (Percent, bool) {
	for _, c := range r.Containers {
		if !usages[c.Name].End.Equal(r.Span.End) {
			return 0, false
		}
	}
	var usage, request Nanocores
	for _, p := range s.all {
		u, ok := usages[p.name]
		if !ok || !u.End.Equal(r.Span.End) {
			return 0, false
		}
		usage += u.Mean * Nanocores(p.pods)
		request += p.request
	}
	return PercentOf(usage, request), true
}

// FromPods reads the selection from the usage of each Pod, by name, as
// metrics-server gives it. The Pods with usable metrics stand for all, if they
// are at least half of those that count: metrics at most maxAge old, not from
// the future, of every counted container, and measured after the Pod became
// Ready (docs/decisions/0010). It always knows the average, which is what the
// fallback serves. The error is a *FewPodsError or an *IncompleteError.
func (s *Shape) FromPods(metrics map[string]PodUsage, maxAge time.Duration, now time.Time) (*Reading, error) {
	few := FewPodsError{Pods: len(s.pods)}
	sums := map[string]*sum{}
	for i := range s.pods {
		m, ok := metrics[s.pods[i].Name]
		if s.usable(&s.pods[i], m, ok, maxAge, now, &few) {
			few.Usable++
			s.sumUp(&s.pods[i], m, sums)
		}
	}
	if 2*few.Usable < few.Pods {
		return nil, &few
	}
	r := s.reading()
	r.Measured = few.Usable
	if missing := s.unmeasured(sums); len(missing) > 0 {
		return nil, &IncompleteError{Missing: missing}
	}
	for _, p := range s.selected {
		t := sums[p.name]
		r.add(ContainerReading{p.name, PercentOf(t.usage, t.request), t.pods}, t.oldest)
	}
	var all sum
	for _, p := range s.all {
		t := sums[p.name]
		all.usage += t.usage
		all.request += t.request
		if t.oldest.End.Before(r.Span.End) {
			r.Span = t.oldest
		}
	}
	r.Average, r.AverageKnown = PercentOf(all.usage, all.request), true
	return r, nil
}

// unmeasured are the counted containers, sorted, that no Pod with usable
// metrics has: those Pods may be the half of the workload without them.
func (s *Shape) unmeasured(sums map[string]*sum) []string {
	var missing []string
	for _, p := range slices.Concat(s.selected, s.all) {
		if sums[p.name] == nil {
			missing = append(missing, p.name)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// sum gathers one container over Pods.
type sum struct {
	usage, request Nanocores
	pods           int
	oldest         Span
}

// usable says whether the metrics m of a Pod can be used, and counts in few
// why they cannot.
func (s *Shape) usable(p *Pod, m PodUsage, ok bool, maxAge time.Duration, now time.Time, few *FewPodsError) bool {
	switch {
	case !ok:
		few.Absent++
	case m.Age(now) > maxAge:
		few.Stale++
	case m.Age(now) < -ahead:
		few.Future++
	case m.Begin.Before(p.ReadySince):
		few.Young++
	case slices.ContainsFunc(p.Containers, func(c Container) bool { _, ok := m.Containers[c.Name]; return s.counts(c) && !ok }):
		few.Partial++
	default:
		return true
	}
	return false
}

// counts says whether a Pod's container is one that is measured.
func (s *Shape) counts(c Container) bool {
	is := func(p part) bool { return p.name == c.Name }
	return c.Request > 0 && (slices.ContainsFunc(s.all, is) || slices.ContainsFunc(s.selected, is))
}

func (s *Shape) sumUp(p *Pod, m PodUsage, sums map[string]*sum) {
	for _, c := range p.Containers {
		if !s.counts(c) {
			continue
		}
		t := sums[c.Name]
		if t == nil {
			t = &sum{oldest: m.Span}
			sums[c.Name] = t
		}
		t.usage += m.Containers[c.Name]
		t.request += c.Request
		t.pods++
		if m.End.Before(t.oldest.End) {
			t.oldest = m.Span
		}
	}
}

func (s *Shape) reading() *Reading {
	return &Reading{Pods: len(s.pods), LeftOut: slices.Clone(s.LeftOut), Requests: s.requests()}
}

// add takes one container into the maximum; the oldest sample dates it all.
func (r *Reading) add(c ContainerReading, span Span) {
	if len(r.Containers) == 0 || span.End.Before(r.Span.End) {
		r.Span = span
	}
	if len(r.Containers) == 0 || c.Utilization > r.Max {
		r.Max, r.Hottest = c.Utilization, c.Name
	}
	r.Containers = append(r.Containers, c)
}
