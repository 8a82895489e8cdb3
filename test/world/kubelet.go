package world

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The memory that everything is reported to use: metrics-server drops what
// uses none.
const (
	containerMemory = 64 << 20 // bytes
	nodeMemory      = 2 << 30  // bytes
)

// Kubelet serves the kubelets of all nodes: GET /metrics/resource/NODE is
// what a kubelet answers to GET /metrics/resource.
func (w *World) Kubelet() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics/resource/{node}", func(rw http.ResponseWriter, r *http.Request) {
		node := r.PathValue("node")
		switch w.kubeletOutage(node) {
		case KubeletUnavailable:
			http.Error(rw, "kubelet is unavailable", http.StatusServiceUnavailable)
		case KubeletHang:
			<-r.Context().Done()
		default:
			rw.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			// A scraper that has gone away needs no answer.
			_, _ = rw.Write(w.resourceMetrics(time.Now(), node))
		}
	})
	return mux
}

// sample is what a kubelet knows of one container.
type sample struct {
	track *Track
	at    time.Time
}

// resourceMetrics renders /metrics/resource of one node.
func (w *World) resourceMetrics(now time.Time, node string) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	samples := w.samples(now, node)
	e := exposition{}
	e.family("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the container in core-seconds")
	for _, s := range samples {
		e.container(s.track, float64(s.track.Counter(s.at)), s.at)
	}
	e.family("container_memory_working_set_bytes", "gauge", "Current working set of the container in bytes")
	for _, s := range samples {
		e.container(s.track, containerMemory, s.at)
	}
	e.family("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds")
	for _, s := range samples {
		e.container(s.track, float64(s.track.Started.UnixNano())/1e9, time.Time{})
	}
	nodeCPU := firstCPU
	if c := w.nodes[node]; c != nil {
		nodeCPU = c.at(now.UnixNano())
	}
	e.family("node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds")
	e.value("", float64(nodeCPU), now)
	e.family("node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes")
	e.value("", nodeMemory, now)
	return e.text
}

// samples lists the running containers of a node as its kubelet sees them.
func (w *World) samples(now time.Time, node string) []sample {
	var samples []sample
	for _, m := range w.pods {
		if m.node != node {
			continue
		}
		at, seen := w.kubeletSees(now, m)
		if !seen {
			continue
		}
		for _, c := range m.containers {
			if c.track != nil && !c.track.Started.After(at) {
				samples = append(samples, sample{c.track, at})
			}
		}
	}
	slices.SortFunc(samples, func(a, b sample) int { return compareTracks(a.track, b.track) })
	return samples
}

// exposition is Prometheus text under construction.
type exposition struct {
	text []byte
	name string
}

func (e *exposition) family(name, kind, help string) {
	e.name = name
	e.text = append(e.text, "# HELP "+name+" [STABLE] "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

func (e *exposition) container(t *Track, value float64, at time.Time) {
	// Names of Kubernetes need no escaping.
	e.value(`{container="`+t.Container+`",namespace="`+t.Namespace+`",pod="`+t.Pod+`"}`, value, at)
}

func (e *exposition) value(labels string, value float64, at time.Time) {
	e.text = append(append(e.text, e.name...), labels...)
	e.text = strconv.AppendFloat(append(e.text, ' '), value, 'g', -1, 64)
	if !at.IsZero() {
		e.text = strconv.AppendInt(append(e.text, ' '), at.UnixMilli(), 10)
	}
	e.text = append(e.text, '\n')
}
