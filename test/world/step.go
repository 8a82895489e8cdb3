package world

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/labels"
)

// nodeIdle is what a node uses besides its containers.
const nodeIdle Cores = 0.05

func labelSet(m map[string]string) labels.Labels { return labels.Set(m) }

// Step decides how busy every container is from now until the next step.
func (w *World) Step(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	shares := w.shares(now)
	perNode := make(map[string]Cores, len(w.nodes))
	horizon := now.Add(-w.options.History).UnixNano()
	for _, m := range w.pods {
		for name, c := range m.containers {
			c.past = forget(c.past, horizon)
			if c.track == nil {
				continue
			}
			usage := m.usage(now, name, shares[m.service])
			c.track.counter.set(now.UnixNano(), usage)
			c.track.counter.forget(horizon)
			perNode[m.node] += usage
		}
	}
	w.ended = forget(w.ended, horizon)
	w.stepNodes(now, perNode)
}

// shares is the load of each Ready Pod of a service.
func (w *World) shares(now time.Time) map[*service]RPS {
	ready := make(map[*service]int, len(w.services))
	for _, m := range w.pods {
		if m.serving() {
			ready[m.service]++
		}
	}
	shares := make(map[*service]RPS, len(ready))
	for s, pods := range ready {
		if s != nil {
			shares[s] = s.load(now) / RPS(pods)
		}
	}
	return shares
}

func (m *pod) serving() bool { return m.running && m.ready && !m.ending }

// usage is how busy one running container of the Pod is.
func (m *pod) usage(now time.Time, container string, share RPS) Cores {
	return m.service.usage(container, condition{
		serving: m.serving(),
		hung:    m.running && !m.ready && !m.ending,
		share:   share,
		age:     now.Sub(m.containers[container].track.Started),
	})
}

// stepNodes keeps a node's counter although its Pods come and go.
func (w *World) stepNodes(now time.Time, usage map[string]Cores) {
	for node := range usage {
		if node != "" && w.nodes[node] == nil {
			c := newCounter(now.UnixNano())
			w.nodes[node] = &c
		}
	}
	for node, c := range w.nodes {
		c.set(now.UnixNano(), nodeIdle+usage[node])
		c.forget(now.Add(-w.options.History).UnixNano())
	}
}

// forget drops tracks that ended before the horizon.
func forget(tracks []*Track, horizon int64) []*Track {
	return slices.DeleteFunc(tracks, func(t *Track) bool { return t.Ended.UnixNano() < horizon })
}
