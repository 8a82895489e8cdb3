package inventory

import (
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// registry holds the tracked workloads. Writers take its lock; readers go by
// its view and the workloads' states, both immutable behind atomic pointers.
type registry struct {
	remember time.Duration

	mu     sync.Mutex
	byTerm termIndex
	view   atomic.Pointer[map[utilization.Workload]*tracked]
}

func newRegistry(remember time.Duration) *registry {
	r := &registry{remember: remember, byTerm: termIndex{}}
	r.view.Store(&map[utilization.Workload]*tracked{})
	return r
}

// find is a tracked workload; nil if it is not.
func (r *registry) find(w utilization.Workload) *tracked { return (*r.view.Load())[w] }

// track replaces the set of tracked workloads and returns those that are new.
func (r *registry) track(lists ...[]utilization.Workload) []utilization.Workload {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, after := *r.view.Load(), map[utilization.Workload]*tracked{}
	var added []utilization.Workload
	for _, list := range lists {
		for _, w := range list {
			if after[w] != nil {
				continue
			}
			t := before[w]
			if t == nil {
				t = &tracked{workload: w}
				t.state.Store(pending(w, "it is being looked up"))
				added = append(added, w)
			}
			after[w] = t
		}
	}
	for w, t := range before {
		if after[w] == nil {
			r.byTerm.remove(t)
		}
	}
	r.view.Store(&after)
	return added
}

// ofKind are the tracked workloads of one configured kind.
func (r *registry) ofKind(key string) []utilization.Workload {
	var out []utilization.Workload
	for w := range *r.view.Load() {
		if w.Kind == key {
			out = append(out, w)
		}
	}
	return out
}

// podChanged takes a Pod's change from old to new, nil for none, and calls
// dirty, which must not call back, for each workload that it concerns.
func (r *registry) podChanged(old, current *podRecord, dirty func(utilization.Workload)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old != nil {
		r.byTerm.each(old, func(t *tracked) {
			if current == nil || current.ended || !t.selector.Matches(current.labels) {
				if _, was := t.members[old.pod.Name]; was {
					delete(t.members, old.pod.Name)
					dirty(t.workload)
				}
			}
		})
	}
	if current == nil || current.ended {
		return
	}
	r.byTerm.each(current, func(t *tracked) {
		if !t.selector.Matches(current.labels) {
			return
		}
		was := t.members[current.pod.Name]
		t.members[current.pod.Name] = current
		if was == nil || !samePod(&was.pod, &current.pod) {
			dirty(t.workload)
		}
	})
}

// selectorRead takes the selector that the scale of an object told. pods lists
// the Pods of a namespace.
func (r *registry) selectorRead(w utilization.Workload, of identity, selector labels.Selector, pods func(namespace string) []*podRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.find(w)
	if t == nil {
		return
	}
	same := t.selector != nil && t.read.uid == of.uid && t.selector.String() == selector.String()
	t.read, t.failed = of, ""
	if same {
		return
	}
	r.byTerm.remove(t)
	t.selector = selector
	t.add(pods(w.Namespace))
	r.byTerm.insert(t)
	// Counts of the Pods of another selector are not this one's history.
	t.state.Store(pending(w, "its Pods are being counted"))
}

// selectorFailed remembers why the scale cannot be read. A selector that was
// read of the same object stays in force.
func (r *registry) selectorFailed(w utilization.Workload, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.find(w); t != nil {
		t.failed = why
	}
}

// refresh publishes the state of a workload anew. It says whether the scale
// must be read, and whether somebody who waits should look again.
func (r *registry) refresh(w utilization.Workload, obj object, now time.Time) (readScale, look bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.find(w)
	if t == nil {
		return false, false
	}
	gone := obj.pending == "" && (!obj.exists || t.selector != nil && obj.uid != t.read.uid)
	if gone {
		r.byTerm.remove(t)
		t.forget()
	}
	before := t.state.Load()
	after, readScale := t.next(obj, now, r.remember)
	t.state.Store(after)
	return readScale, notable(before, after)
}
