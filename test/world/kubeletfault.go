package world

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// KubeletFaultKind is a way in which kubelets fail.
type KubeletFaultKind int

const (
	// KubeletDrop leaves the matching Pods out of the answer.
	KubeletDrop KubeletFaultKind = iota + 1
	// KubeletStale goes on reporting what was measured at Since.
	KubeletStale
	// KubeletUnavailable answers 503. It looks at Node only.
	KubeletUnavailable
	// KubeletHang never answers. It looks at Node only.
	KubeletHang
)

// KubeletFault is one failure. Empty fields match everything.
type KubeletFault struct {
	Kind      KubeletFaultKind
	Node      string
	Namespace string
	// PodPrefix is the beginning of the names of the Pods.
	PodPrefix string
	// Since is when data stopped advancing, by default when the fault was set;
	// a container that started later is not reported at all.
	Since time.Time
}

// SetKubeletFaults makes these the only faults of the kubelets; without
// arguments they are well again.
func (w *World) SetKubeletFaults(faults ...KubeletFault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = slices.Clone(faults)
	for i := range w.faults {
		if w.faults[i].Since.IsZero() {
			w.faults[i].Since = time.Now()
		}
	}
}

// kubeletOutage is the fault that strikes a node's kubelet as a whole, or 0.
func (w *World) kubeletOutage(node string) KubeletFaultKind {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.faults {
		if (f.Kind == KubeletUnavailable || f.Kind == KubeletHang) && (f.Node == "" || f.Node == node) {
			return f.Kind
		}
	}
	return 0
}

// kubeletSees tells whether a kubelet reports a Pod, and as of when.
func (w *World) kubeletSees(now time.Time, m *pod) (at time.Time, seen bool) {
	at = now
	for _, f := range w.faults {
		if !f.strikes(m) {
			continue
		}
		switch f.Kind {
		case KubeletDrop:
			return time.Time{}, false
		case KubeletStale:
			at = f.Since
		case KubeletUnavailable, KubeletHang:
		}
	}
	return at, true
}

func (f KubeletFault) strikes(m *pod) bool {
	return (f.Node == "" || f.Node == m.node) &&
		(f.Namespace == "" || f.Namespace == m.key.Namespace) &&
		strings.HasPrefix(m.key.Name, f.PodPrefix)
}

func compareTracks(a, b *Track) int {
	return cmp.Or(
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Pod, b.Pod),
		cmp.Compare(a.Container, b.Container))
}
