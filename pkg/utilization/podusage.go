package utilization

import (
	"slices"
	"time"
)

// ahead is how far in the future a Pod's metrics may lie before they are not
// believed: clocks differ a little.
const ahead = 30 * time.Second

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
