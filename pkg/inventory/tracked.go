package inventory

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// identity tells one object from the next of the same name, and one state of
// its spec from the next.
type identity struct {
	uid        types.UID
	generation int64
}

// object is what is known of a workload's object. With pending set, which says
// why, it is not known whether it exists.
type object struct {
	identity
	exists  bool
	pending string
}

// tracked is a workload whose Pods are followed. Its fields belong to the
// registry's lock; its state is read without one.
type tracked struct {
	workload utilization.Workload
	// asked is for which identity the scale's reading was asked for, read is
	// for which it succeeded.
	asked, read identity
	// selector is nil until the scale was read.
	selector labels.Selector
	term     term
	// members are the Pods that the selector matches, by name.
	members map[string]*podRecord
	// failed says why the scale cannot be read, if it can't.
	failed string
	state  atomic.Pointer[state]
}

// state is what is published of a workload. It is immutable.
type state struct {
	// err says why the rest is not known.
	err  error
	pods []utilization.Pod
	live utilization.Live
	// counting is how many Pods count; present how many are not being deleted.
	counting, present int
	history           history
}

// stateOfPods computes what is published of Pods that are known.
func stateOfPods(members map[string]*podRecord, before history, now time.Time, remember time.Duration) *state {
	s := &state{pods: make([]utilization.Pod, 0, len(members))}
	for _, m := range members {
		s.pods = append(s.pods, m.pod)
	}
	slices.SortFunc(s.pods, func(a, b utilization.Pod) int { return strings.Compare(a.Name, b.Name) })
	running := 0
	for i := range s.pods {
		p := &s.pods[i]
		if p.Running {
			running++
		}
		if !p.Deleting {
			s.present++
			if p.Running {
				s.live.Running++
			}
		}
		if p.Running && p.Ready {
			s.live.Ready++
		}
		if p.Counts() {
			s.counting++
			s.live.ReadySince = append(s.live.ReadySince, p.ReadySince)
		}
	}
	slices.SortFunc(s.live.ReadySince, time.Time.Compare)
	if before == nil {
		before = backfill(s.pods, now, remember)
	}
	s.history = before.with(now, s.counting, running, remember)
	return s
}

// forget drops what was read of the object before this one.
func (t *tracked) forget() {
	t.selector, t.members, t.failed = nil, nil, ""
	t.asked, t.read = identity{}, identity{}
}

// next is the state after a look at the object, and whether the object's scale
// must be read.
func (t *tracked) next(obj object, now time.Time, remember time.Duration) (s *state, readScale bool) {
	if obj.pending != "" {
		return pending(t.workload, obj.pending), false
	}
	if !obj.exists {
		return &state{err: &utilization.NotFoundError{Workload: t.workload}}, false
	}
	if obj.identity != t.asked {
		t.asked, readScale = obj.identity, true
	}
	switch {
	case t.selector != nil:
		var before history
		if last := t.state.Load(); last.err == nil {
			before = last.history
		}
		return stateOfPods(t.members, before, now, remember), readScale
	case t.failed != "":
		return pending(t.workload, t.failed), readScale
	default:
		return pending(t.workload, "its scale, which tells its Pods, is being read"), readScale
	}
}

func pending(w utilization.Workload, what string) *state {
	return &state{err: &utilization.PendingError{Workload: w, What: what}}
}

// notable says whether somebody who waits for the workload should look again:
// it became known, even as one that does not exist, or the first Pods count.
func notable(before, after *state) bool {
	var pending *utilization.PendingError
	switch {
	case errors.As(after.err, &pending):
		return false
	case errors.As(before.err, &pending), before.err != nil && after.err == nil:
		return true
	default:
		return before.counting == 0 && after.counting > 0
	}
}

// add takes the Pods of a namespace that the selector matches.
func (t *tracked) add(pods []*podRecord) {
	t.members = map[string]*podRecord{}
	for _, p := range pods {
		if !p.ended && t.selector.Matches(p.labels) {
			t.members[p.pod.Name] = p
		}
	}
}
