package world

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Options configure a [World]. The zero value is useful.
type Options struct {
	// StepEvery is how often [World.Run] recomputes the usage; 250 ms if 0.
	StepEvery time.Duration
	// History is how far back [World.Tracks] can look; 15 minutes if 0.
	History time.Duration
}

// World knows the Pods and services of one cluster. Its methods may be
// called at the same time.
type World struct {
	options Options
	synced  chan struct{}

	mu       sync.Mutex
	services []*service // sorted by namespace and name
	pods     map[types.UID]*pod
	ended    []*Track // of Pods that are gone, in the order of their end
	nodes    map[string]*counter
	faults   []KubeletFault
}

// New makes an empty world.
func New(o Options) *World {
	o.StepEvery = cmp.Or(o.StepEvery, 250*time.Millisecond)
	o.History = cmp.Or(o.History, 15*time.Minute)
	return &World{
		options: o,
		synced:  make(chan struct{}),
		pods:    make(map[types.UID]*pod),
		nodes:   make(map[string]*counter),
	}
}

// SetService adds a service, or replaces the one of the same name.
func (w *World) SetService(s Service) error {
	if err := s.validate(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.services = slices.DeleteFunc(w.services, named(s.Namespace, s.Name))
	w.services = append(w.services, newService(s))
	slices.SortFunc(w.services, func(a, b *service) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	w.assign()
	return nil
}

// RemoveService forgets a service; its Pods idle from then on.
func (w *World) RemoveService(namespace, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.services = slices.DeleteFunc(w.services, named(namespace, name))
	w.assign()
}

// SetLoad makes the load of a service constant.
func (w *World) SetLoad(namespace, name string, load RPS) error {
	return w.SetLoadFunc(namespace, name, func(time.Time) RPS { return load })
}

// SetLoadFunc makes the load of a service a function of time. It is called
// with the world locked and must not call the world.
func (w *World) SetLoadFunc(namespace, name string, load func(time.Time) RPS) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.service(namespace, name)
	if s == nil {
		return fmt.Errorf("world: no service %s/%s: SetService must come first", namespace, name)
	}
	s.load = load
	return nil
}

// SetPod tells the world of a Pod that is new or has changed.
func (w *World) SetPod(now time.Time, p *corev1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.pods[p.UID]
	if m == nil {
		m = &pod{uid: p.UID, key: types.NamespacedName{Namespace: p.Namespace, Name: p.Name}, containers: make(map[string]*container)}
		w.pods[p.UID] = m
	}
	m.observe(now, p)
	m.service = w.serviceOf(m)
}

// DeletePod tells the world that a Pod is gone. Its past is kept.
func (w *World) DeletePod(now time.Time, uid types.UID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.pods[uid]
	if m == nil {
		return
	}
	for _, c := range m.containers {
		c.end(now)
		w.ended = append(w.ended, c.past...)
	}
	delete(w.pods, uid)
}

// Tracks lists every container that ran at some moment from one to the other,
// in no particular order.
func (w *World) Tracks(from, to time.Time) []*Track {
	w.mu.Lock()
	defer w.mu.Unlock()
	var tracks []*Track
	add := func(t *Track) {
		if t != nil && !t.Started.After(to) && (t.Ended.IsZero() || t.Ended.After(from)) {
			snapshot := *t
			tracks = append(tracks, &snapshot)
		}
	}
	for _, m := range w.pods {
		for _, c := range m.containers {
			add(c.track)
			for _, t := range c.past {
				add(t)
			}
		}
	}
	for _, t := range w.ended {
		add(t)
	}
	return tracks
}

func (w *World) service(namespace, name string) *service {
	if i := slices.IndexFunc(w.services, named(namespace, name)); i >= 0 {
		return w.services[i]
	}
	return nil
}

func named(namespace, name string) func(*service) bool {
	return func(s *service) bool { return s.Namespace == namespace && s.Name == name }
}

// assign finds the service of every Pod anew.
func (w *World) assign() {
	for _, m := range w.pods {
		m.service = w.serviceOf(m)
	}
}

func (w *World) serviceOf(m *pod) *service {
	for _, s := range w.services {
		if s.Namespace == m.key.Namespace && s.selector.Matches(labelSet(m.labels)) {
			return s
		}
	}
	return nil
}
