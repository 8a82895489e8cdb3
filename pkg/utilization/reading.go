package utilization

import (
	"fmt"
	"slices"
	"strings"
)

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
	return "no fresh usage of container " + strings.Join(e.Missing, ", ") + "; a maximum without it could hide the hottest one; " +
		"see whether the source shows it (in Datadog by kube_container_name, of metrics-server with kubectl top pods --containers), " +
		"or have the selector exclude it (container notin (NAME))"
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
		"%d without one of the containers, %d measured from before the Pod was Ready); %s",
		e.Usable, e.Pods, e.Absent, e.Stale, e.Future, e.Partial, e.Young, e.advice())
}

// advice is what to do about what is wrong with most of them.
func (e *FewPodsError) advice() string {
	switch max(e.Absent, e.Stale, e.Future, e.Partial, e.Young) {
	case e.Absent, e.Stale:
	case e.Young:
		return "wait for metrics-server's next measurement, a minute at most; if it does not come, look at why Pods become unready again and again"
	case e.Partial:
		return "a container that has just started is measured within a minute; if not, look at why it restarts (kubectl get pods)"
	case e.Future:
		return "compare the clocks of the nodes and of the adapter"
	}
	return "see kubectl top pods, and in metrics-server's log which kubelets it cannot read"
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
