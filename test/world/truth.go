package world

import (
	"fmt"
	"math"
	"time"
)

// Truth is the present state of a service: what a perfect instrument, without
// any delay, would read.
type Truth struct {
	Load RPS
	// Pods counts all that are there, Running or not; Serving those that are
	// Running, Ready and not terminating. Everything below is about these.
	Pods, Serving int
	// Containers is by name; a container that no serving Pod runs is not in it.
	Containers map[string]ContainerTruth
	// PodAverage is the usage of all containers over the requests of all.
	PodAverage Percent
	// Max is the highest utilization of a container with a request, Hottest
	// its name; empty when there is none.
	Max     Percent
	Hottest string

	service *service
}

// ContainerTruth is one container of a service, over all serving Pods.
type ContainerTruth struct {
	Pods           int
	Usage, Request Cores // sums
	Utilization    Percent
}

// Truth tells how busy a service is.
func (w *World) Truth(now time.Time, namespace, name string) (Truth, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.service(namespace, name)
	if s == nil {
		return Truth{}, fmt.Errorf("world: no service %s/%s", namespace, name)
	}
	t := Truth{Load: s.load(now), Containers: make(map[string]ContainerTruth), service: s}
	share := w.shares(now)[s]
	for _, m := range w.pods {
		if m.service != s {
			continue
		}
		t.Pods++
		if m.serving() {
			t.Serving++
			t.add(now, m, share)
		}
	}
	t.finish()
	return t, nil
}

func (t *Truth) add(now time.Time, m *pod, share RPS) {
	for name, c := range m.containers {
		if c.track == nil {
			continue
		}
		sum := t.Containers[name]
		sum.Pods++
		sum.Usage += m.usage(now, name, share)
		sum.Request += c.request
		t.Containers[name] = sum
	}
}

func (t *Truth) finish() {
	var usage, request Cores
	for name, c := range t.Containers {
		usage, request = usage+c.Usage, request+c.Request
		c.Utilization = percentOf(c.Usage, c.Request)
		t.Containers[name] = c
		// Names break ties, or the answer would depend on the order of a map.
		if c.Request > 0 && (c.Utilization > t.Max || c.Utilization == t.Max && (t.Hottest == "" || name < t.Hottest)) {
			t.Max, t.Hottest = c.Utilization, name
		}
	}
	t.PodAverage = percentOf(usage, request)
}

// Needed is how many serving Pods the present load needs so that no container
// exceeds the target. It is not ok when no number of Pods is enough, because a
// container exceeds the target while idle, or when nothing serves.
//
// An autoscaler may rest at another number: the HPA tolerates 10 % to both
// sides.
func (t Truth) Needed(target Percent) (pods int, ok bool) {
	if t.Serving == 0 {
		return 0, false
	}
	needed := 1.0
	for name, c := range t.Containers {
		if c.Request == 0 {
			continue
		}
		perPod := float64(c.Request) / float64(c.Pods) * float64(target) / 100
		spare := perPod - float64(t.service.Idle[name])
		busy := float64(t.service.Cost[name]) * float64(t.Load)
		if spare <= 0 {
			return 0, false
		}
		// A load that fits exactly must not need one more for a rounding error.
		needed = max(needed, math.Ceil(busy/spare-1e-9))
	}
	return int(needed), true
}
