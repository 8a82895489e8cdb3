package soak

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/world"
)

// Kind is what a step does.
type Kind string

const (
	// Load changes the load of Workload to Pods.
	Load Kind = "load"
	// Datadog sets Faults of Datadog's simulator.
	Datadog Kind = "datadog"
	// Lag makes Datadog's data later by Lag.
	Lag Kind = "lag"
	// Budget makes Datadog's rate limit Limit.
	Budget Kind = "budget"
	// Kubelets sets the faults Kubelet, which metrics-server sees.
	Kubelets Kind = "kubelets"
	// Kill ends the adapter with SIGKILL and starts it again at the end.
	Kill Kind = "kill"
	// Terminate does so with SIGTERM.
	Terminate Kind = "terminate"
	// Rollout replaces all Pods of Workload.
	Rollout Kind = "rollout"
	// NoHPA takes the HPA of Workload away and brings it back at the end.
	NoHPA Kind = "no-hpa"
	// Hung makes a Share of the Pods of Workload not Ready.
	Hung Kind = "hung"
)

// Step is one thing that is done to the system. It lasts For, 0 for what is
// over at once; fields that its Kind does not name are empty.
type Step struct {
	At, For time.Duration
	Kind    Kind
	// Workload is by name.
	Workload string
	// Pods is a load, in Pods' worth of it.
	Pods   float64
	Faults []datadogsim.Fault
	// Flap, if set, is how long the faults are there, and then not, in turn.
	Flap    time.Duration
	Lag     time.Duration
	Limit   datadogsim.RateLimit
	Kubelet []world.KubeletFault
	Share   float64
}

// stream is which steps come one after another.
func (s Step) stream() string {
	switch s.Kind {
	case Load:
		return "load of " + s.Workload
	case Lag, Budget:
		return "conditions"
	case Kill, Terminate, Rollout, NoHPA, Hung:
		return "cluster"
	case Datadog, Kubelets:
	}
	return string(s.Kind)
}

// Schedule is what one seed makes.
type Schedule struct {
	Seed uint64
	// Mode is the adapter's fallback.mode.
	Mode string
	// Steps are sorted by their beginning.
	Steps []Step
}

// New makes the schedule of a seed. Its steps end within the duration.
func New(seed uint64, duration time.Duration, workloads []Workload) Schedule {
	s := Schedule{Seed: seed}
	s.Mode = pick(dice{rand.New(rand.NewPCG(seed, 0))}, "PodAverage", "CalibratedPodAverage", "MaxContainer")
	for i, stream := range streams(workloads) {
		// Each stream has its own dice, so that a change of one leaves the
		// others of a known seed as they were.
		s.Steps = append(s.Steps, stream.steps(dice{rand.New(rand.NewPCG(seed, uint64(i+1)))}, duration)...)
	}
	slices.SortStableFunc(s.Steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	return s
}

// String is the schedule for a person, a line a step.
func (s Schedule) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d, fallback mode %s, %d steps\n", s.Seed, s.Mode, len(s.Steps))
	for _, step := range s.Steps {
		fmt.Fprintf(&text, "  %s\n", step)
	}
	return text.String()
}

// String is the step on one line.
func (s Step) String() string {
	text := fmt.Sprintf("%6.1fs %-9s", s.At.Seconds(), s.Kind)
	if s.For > 0 {
		text += fmt.Sprintf(" for %4.1fs", s.For.Seconds())
	}
	if s.Workload != "" {
		text += " " + s.Workload
	}
	return text + s.details()
}

func (s Step) details() string {
	switch s.Kind {
	case Load:
		return fmt.Sprintf(" of %.1f Pods", s.Pods)
	case Datadog:
		text := ""
		for _, f := range s.Faults {
			text += " " + describe(f)
		}
		if s.Flap > 0 {
			text += " flapping every " + s.Flap.String()
		}
		return text
	case Lag:
		return " " + s.Lag.String()
	case Budget:
		return fmt.Sprintf(" %d calls in %s", s.Limit.Limit, s.Limit.Period)
	case Kubelets:
		text := ""
		for _, f := range s.Kubelet {
			text += fmt.Sprintf(" %s node=%q pods=%q", kubeletFaults[f.Kind], f.Node, f.PodPrefix)
		}
		return text
	case Hung:
		return fmt.Sprintf(" %.0f %% of the Pods", 100*s.Share)
	case Kill, Terminate, Rollout, NoHPA:
	}
	return ""
}

var kubeletFaults = map[world.KubeletFaultKind]string{
	world.KubeletDrop: "drop", world.KubeletStale: "stale",
	world.KubeletUnavailable: "unavailable", world.KubeletHang: "hang",
}

// describe is what distinguishes a fault of Datadog from others of its kind.
func describe(f datadogsim.Fault) string {
	text := string(f.Kind)
	add := func(given bool, format string, value any) {
		if given {
			text += fmt.Sprintf(" "+format, value)
		}
	}
	add(f.Code != 0, "%d", f.Code)
	add(f.Delay != 0, "%s", f.Delay)
	add(f.Shift != 0, "by %s", f.Shift)
	add(f.Fraction != 0, "on %g of the hosts", f.Fraction)
	add(f.Kind == datadogsim.Absurd, "%g", f.Value)
	add(f.Size != 0, "%d bytes", f.Size)
	add(f.Workload != "", "of %s", f.Workload)
	add(f.Container != "", "of container %s", f.Container)
	return text
}
