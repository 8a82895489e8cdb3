package utilization

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// smallest is the CPU request under which a container is left out unless the
// selector names it: a reloader that uses 3m of 1m would read 300 % for ever.
var smallest = FromMillicores(50)

// LeftOutReason says why a container is not measured.
type LeftOutReason string

// Why a container is left out.
const (
	// NoRequest is a container without a CPU request: a utilization is a
	// share of the request.
	NoRequest LeftOutReason = "NoRequest"
	// InTooFewPods is a container that fewer than half of the counted Pods
	// have: a canary's sidecar must not scale the other nineteen.
	InTooFewPods LeftOutReason = "InTooFewPods"
	// RequestTooSmall is a container that requests less than 50m and that
	// the selector does not name.
	RequestTooSmall LeftOutReason = "RequestTooSmall"
	// NotInPods is a container that the selector names and no counted Pod
	// has, as in Istio's ambient mesh.
	NotInPods LeftOutReason = "NotInPods"
	// NotYetReported is a container so young that a source need not know
	// it yet.
	NotYetReported LeftOutReason = "NotYetReported"
)

// LeftOut is a container that is not measured, and why.
type LeftOut struct {
	Container string
	Reason    LeftOutReason
	// Detail is the reason for a person, with the numbers.
	Detail string
}

// String is "istio-proxy has no CPU request (NoRequest)".
func (l LeftOut) String() string {
	return fmt.Sprintf("%s %s (%s)", l.Container, l.Detail, l.Reason)
}

// Shape is what of a workload can be measured now: the Pods that count, the
// containers that count, and their requests.
type Shape struct {
	Selection Selection
	// LeftOut are the containers that the selector picks and that do not
	// count, sorted by name.
	LeftOut []LeftOut

	// pods are those that count, everyone all of them.
	pods, everyone []Pod
	selected       []part
	// all are the containers that make up the Pod average, whichever of
	// them the selector picks.
	all []part
}

// part is one container of a workload.
type part struct {
	name string
	// pods is how many counted Pods have it with a request; has is how
	// many have it at all.
	pods, has int
	// request is the sum over pods.
	request Nanocores
}

func (p part) meanRequest() Nanocores { return p.request / Nanocores(p.pods) }

// ShapeOf says what of the selection can be measured, given all Pods of the
// workload. It returns a *NotReadyError when no Pod counts, and a
// *NoContainerError when no container is left.
func ShapeOf(selection Selection, pods []Pod) (*Shape, error) {
	counted := counting(pods)
	if len(counted) == 0 {
		return nil, notReady(selection.Workload, pods)
	}
	s := &Shape{Selection: selection, pods: counted, everyone: pods}
	parts := partsOf(counted)
	for _, p := range parts {
		small, out := leaveOut(p, len(counted))
		if out.Reason == "" && !small {
			s.all = append(s.all, p)
		}
		if !selection.Containers.Pick(p.name) {
			continue
		}
		if out.Reason == "" && small && !selection.Containers.AsksFor(p.name) {
			out = LeftOut{p.name, RequestTooSmall, fmt.Sprintf("requests %dm of CPU, less than %dm, and is not named by the selector",
				p.meanRequest()/FromMillicores(1), smallest/FromMillicores(1))}
		}
		if out.Reason != "" {
			s.LeftOut = append(s.LeftOut, out)
			continue
		}
		s.selected = append(s.selected, p)
	}
	if len(s.all) == 0 {
		s.all = s.selected
	}
	s.leaveOutAbsent(parts)
	if len(s.selected) == 0 {
		return nil, &NoContainerError{Selection: selection, LeftOut: s.LeftOut}
	}
	return s, nil
}

// counting are the Pods that count: those given, where all do, as they mostly
// do. There may be 50,000 of them in all shapes together.
func counting(pods []Pod) []Pod {
	if !slices.ContainsFunc(pods, func(p Pod) bool { return !p.Counts() }) {
		return pods
	}
	counted := make([]Pod, 0, len(pods))
	for i := range pods {
		if pods[i].Counts() {
			counted = append(counted, pods[i])
		}
	}
	return counted
}

// partsOf gathers the containers of the Pods, sorted by name.
func partsOf(pods []Pod) []part {
	byName := map[string]part{}
	for i := range pods {
		for _, c := range pods[i].Containers {
			p := byName[c.Name]
			p.name = c.Name
			p.has++
			if c.Request > 0 {
				p.pods++
				p.request += c.Request
			}
			byName[c.Name] = p
		}
	}
	parts := make([]part, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		parts = append(parts, byName[name])
	}
	return parts
}

// leaveOut says why a container does not count, and whether its request is
// small: what is small counts only where the selector names it.
func leaveOut(p part, pods int) (small bool, out LeftOut) {
	switch {
	case 2*p.has < pods:
		return false, LeftOut{p.name, InTooFewPods, fmt.Sprintf("is in %d of %d Pods, fewer than half", p.has, pods)}
	case p.pods == 0:
		return false, LeftOut{p.name, NoRequest, "has no CPU request; set resources.requests.cpu " +
			"(for Istio's sidecar the annotation sidecar.istio.io/proxyCPU)"}
	case 2*p.pods < pods:
		return false, LeftOut{p.name, NoRequest, fmt.Sprintf("has a CPU request in %d of %d Pods, fewer than half", p.pods, pods)}
	}
	return p.meanRequest() < smallest, LeftOut{}
}

// leaveOutAbsent reports the containers that the selector names and no Pod has.
func (s *Shape) leaveOutAbsent(parts []part) {
	for _, name := range s.Selection.Containers.Names() {
		present := slices.ContainsFunc(parts, func(p part) bool { return p.name == name })
		if !present && s.Selection.Containers.AsksFor(name) {
			s.LeftOut = append(s.LeftOut, LeftOut{name, NotInPods, fmt.Sprintf("is in none of %d Pods", len(s.pods))})
		}
	}
	sortLeftOut(s.LeftOut)
}

func sortLeftOut(out []LeftOut) {
	slices.SortFunc(out, func(a, b LeftOut) int { return strings.Compare(a.Container, b.Container) })
}

// Pods is how many Pods count.
func (s *Shape) Pods() int { return len(s.pods) }

// AllPods are all Pods of the workload, also those that do not count.
func (s *Shape) AllPods() []Pod { return s.everyone }

// Containers are the names of the containers that the answer is the maximum
// of, sorted.
func (s *Shape) Containers() []string { return names(s.selected) }

// Measures says whether the answer is a maximum over this container too.
func (s *Shape) Measures(container string) bool {
	return slices.ContainsFunc(s.selected, func(p part) bool { return p.name == container })
}

// AllContainers are the names of the containers that make up the Pod average,
// sorted.
func (s *Shape) AllContainers() []string { return names(s.all) }

func names(parts []part) []string {
	out := make([]string, 0, len(parts))
	for _, p := range parts {
		out = append(out, p.name)
	}
	return out
}

// Required says whether a source must know this container: once at least half
// of the counted Pods have had it since before. A younger one may be missing
// from the source without making it useless.
func (s *Shape) Required(container string, before time.Time) bool {
	old := 0
	for i := range s.pods {
		if !s.pods[i].Started.After(before) && has(&s.pods[i], container) {
			old++
		}
	}
	return 2*old >= len(s.pods)
}

func has(p *Pod, container string) bool {
	return slices.ContainsFunc(p.Containers, func(c Container) bool { return c.Name == container })
}

// requests are the mean requests of all counted containers.
func (s *Shape) requests() map[string]Nanocores {
	out := make(map[string]Nanocores, len(s.all))
	for _, p := range s.all {
		out[p.name] = p.meanRequest()
	}
	return out
}

func notReady(w Workload, pods []Pod) error {
	e := &NotReadyError{Workload: w, Pods: len(pods), Waiting: map[string]int{}}
	for i := range pods {
		why := pods[i].Waiting
		switch {
		case pods[i].Deleting:
			why = "being deleted"
		case why == "":
			why = "not Ready"
		}
		e.Waiting[why]++
	}
	return e
}
