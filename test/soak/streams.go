package soak

import (
	"math/rand/v2"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/world"
)

// stream makes steps that do not overlap: those of one stream come one after
// another, those of different streams at the same time.
type stream struct {
	// rest is how long nothing happens between two steps.
	least, most time.Duration
	next        func(dice) Step
}

// steps are those of a stream that end within the duration.
func (s stream) steps(d dice, duration time.Duration) []Step {
	var steps []Step
	for at := time.Duration(0); ; {
		at += d.span(s.least, s.most)
		step := s.next(d)
		if at+step.For > duration {
			return steps
		}
		step.At = at
		steps = append(steps, step)
		at += step.For
	}
}

// streams are all of them. Their order is part of what a seed means.
func streams(workloads []Workload) []stream {
	names := make([]string, 0, len(workloads))
	for _, w := range workloads {
		names = append(names, w.Name)
	}
	all := []stream{
		{4 * time.Second, 14 * time.Second, func(d dice) Step { return datadogTrouble(d, workloads) }},
		{20 * time.Second, 45 * time.Second, datadogConditions},
		{15 * time.Second, 40 * time.Second, func(d dice) Step { return kubeletTrouble(d, names) }},
		{10 * time.Second, 25 * time.Second, func(d dice) Step { return clusterTrouble(d, names) }},
	}
	for _, name := range names {
		all = append(all, stream{3 * time.Second, 12 * time.Second, loadOf(name)})
	}
	return all
}

// The loads lie between these, in Pods' worth.
const (
	leastLoad = 1.5
	mostLoad  = 12
)

// loadOf is a random walk of the load of one workload, with spikes and drops.
func loadOf(name string) func(dice) Step {
	now := float64(firstReplicas)
	return func(d dice) Step {
		factor := pick(d, 0.8, 0.9, 1.1, 1.25, 1.25, 0.8, 0.9, 1.1, 3, 0.35)
		now = min(max(now*factor, leastLoad), mostLoad)
		return Step{Kind: Load, Workload: name, Pods: now}
	}
}

// datadogConditions are not faults: data that are later than usual, and a
// budget that is smaller.
func datadogConditions(d dice) Step {
	lasting := d.span(10*time.Second, 25*time.Second)
	if d.chance(2, 3) {
		return Step{Kind: Lag, For: lasting, Lag: d.span(2*time.Second, 5*time.Second)}
	}
	limit := datadogsim.RateLimit{Name: "query_timeseries", Limit: 4 + d.IntN(5), Period: 10 * time.Second}
	return Step{Kind: Budget, For: lasting, Limit: limit}
}

// kubeletTrouble is what metrics-server suffers from.
func kubeletTrouble(d dice, workloads []string) Step {
	f := world.KubeletFault{Kind: pick(d, world.KubeletDrop, world.KubeletStale, world.KubeletUnavailable, world.KubeletHang)}
	switch f.Kind {
	case world.KubeletDrop, world.KubeletStale:
		f.PodPrefix = pick(d, append(workloads, "")...)
	case world.KubeletUnavailable, world.KubeletHang:
		f.Node = pick(d, "", "node-0")
	}
	return Step{Kind: Kubelets, For: d.span(4*time.Second, 15*time.Second), Kubelet: []world.KubeletFault{f}}
}

// clusterTrouble strikes the adapter's process, the Pods or the HPAs.
func clusterTrouble(d dice, workloads []string) Step {
	s := Step{Kind: pick(d, Kill, Terminate, Rollout, NoHPA, Hung, Hung), Workload: pick(d, workloads...)}
	switch s.Kind {
	case Kill, Terminate:
		s.Workload = ""
		s.For = d.span(0, 4*time.Second)
	case NoHPA:
		s.For = d.span(4*time.Second, 12*time.Second)
	case Hung:
		s.Share = pick(d, 0.1, 0.25, 0.5)
		s.For = d.span(5*time.Second, 15*time.Second)
	default:
	}
	return s
}

// dice are random choices.
type dice struct{ *rand.Rand }

// span is a duration between two, in tenths of a second.
func (d dice) span(least, most time.Duration) time.Duration {
	const tenth = time.Second / 10
	return least + time.Duration(d.Int64N(int64((most-least)/tenth)+1))*tenth
}

// chance is true in so many of so many cases.
func (d dice) chance(times, of int) bool { return d.IntN(of) < times }

// pick is one of several, each as likely as the others.
func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }
