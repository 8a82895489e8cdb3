package datadogsim

import (
	"hash/fnv"
	"time"

	"github.com/crest-hpa/crest/test/world"
)

// source is one series as an agent sends it: one container of one Pod.
type source struct {
	track   *world.Track
	cluster string
	// stops, where set, is when its points cease.
	stops time.Time
	// untagged hides the tags of the workload.
	untagged bool
	host     *host
}

// host is what the series of one node have in common.
type host struct {
	name   string
	phase  time.Duration // of its agent's checks
	jitter time.Duration // how much later than others it reports
}

// newHost derives a host's habits from its name, so that they stay the same
// from request to request.
func (o Options) newHost(name string) *host {
	h := &host{name: name, phase: time.Duration(hash("phase", name) * float64(o.AgentInterval))}
	h.phase = h.phase.Truncate(time.Millisecond)
	h.jitter = time.Duration(hash("jitter", name) * float64(o.HostJitter))
	return h
}

// hash maps texts to a number from 0 to 1.
func hash(texts ...string) float64 {
	h := fnv.New64a()
	for _, text := range texts {
		_, _ = h.Write([]byte(text)) // Never fails.
	}
	// FNV mixes its high bits badly for short texts.
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}

// tag answers for the tags that Datadog's agent gives a container. A Pod of an
// Argo Rollout has kube_deployment as well as kube_argo_rollout: the agent
// reads the former from the ReplicaSet's name alone.
func (s *source) tag(key string) (string, bool) {
	var value string
	switch key {
	case "kube_cluster_name", "cluster_name":
		value = s.cluster
	case "kube_namespace":
		value = s.track.Namespace
	case "kube_container_name":
		value = s.track.Container
	case "pod_name":
		value = s.track.Pod
	case "host":
		value = s.track.Node
	default:
		value = s.ownerTag(key)
	}
	return value, value != ""
}

func (s *source) ownerTag(key string) string {
	owner := s.track.Owner
	if s.untagged {
		return ""
	}
	switch {
	case key == "kube_deployment" && owner.Kind == "Deployment",
		key == "kube_argo_rollout" && owner.Rollout,
		key == "kube_stateful_set" && owner.Kind == "StatefulSet",
		key == "kube_daemon_set" && owner.Kind == "DaemonSet",
		key == "kube_replica_set" && owner.Kind == "ReplicaSet",
		key == "kube_job" && owner.Kind == "Job":
		return owner.Name
	default:
		return ""
	}
}

// window is the span of time in which points are looked for.
type window struct {
	from, to time.Time // from inclusive, to exclusive
	now      time.Time
	delays   delays
	every    time.Duration // between two checks of an agent
}

// last is the end of what is visible of a source, exclusive.
func (w window) last(s *source) time.Time {
	visible := w.now.Add(-w.delays.of(s.track.Namespace) - s.host.jitter).Add(time.Nanosecond)
	if w.to.Before(visible) {
		visible = w.to
	}
	if !s.stops.IsZero() && s.stops.Before(visible) {
		return s.stops
	}
	return visible
}

// points calls yield for each visible point of a source, oldest first.
func (w window) points(s *source, m metric, yield func(at time.Time, value float64)) {
	phase, every := int64(s.host.phase), int64(w.every)
	// The first check at or after from.
	check := (w.from.UnixNano()-phase+every-1)/every*every + phase
	for end := w.last(s).UnixNano(); check < end; check += every {
		at := time.Unix(0, check)
		usage, ok := s.track.Mean(at.Add(-w.every), at)
		if !ok {
			continue
		}
		if value, ok := m.value(s.track, usage); ok {
			yield(at, value)
		}
	}
}
