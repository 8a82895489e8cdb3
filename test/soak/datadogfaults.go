package soak

import (
	"math"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
)

// datadogTrouble is one fault of any kind, in three of ten cases a flapping one.
func datadogTrouble(d dice, workloads []Workload) Step {
	s := Step{
		Kind: Datadog, For: d.span(2*time.Second, 20*time.Second),
		Faults: []datadogsim.Fault{datadogFault(d, pick(d, datadogsim.Kinds()...), workloads)},
	}
	if d.chance(3, 10) {
		s.Flap = pick(d, 1*time.Second, 2*time.Second, 3*time.Second)
	}
	return s
}

// refusals are the answers of a service that does not answer.
var refusals = []int{401, 403, 422, 429, 500, 502, 503}

// datadogFault fills in what a kind of fault needs.
func datadogFault(d dice, kind datadogsim.FaultKind, workloads []Workload) datadogsim.Fault {
	f := datadogsim.Fault{Kind: kind}
	switch kind {
	case datadogsim.Status:
		if f.Code = pick(d, refusals...); f.Code == 429 {
			f.Delay = pick(d, 0, 3*time.Second, 6*time.Second)
		}
	case datadogsim.Slow:
		f.Delay = d.span(300*time.Millisecond, 3*time.Second)
	case datadogsim.Huge:
		// Beyond the most that is read of an answer; the simulator's own is not.
		f.Size = pick(d, 8<<20, 80<<20)
	case datadogsim.AgentsGone:
		f.Fraction = pick(d, 0.5, 1)
	case datadogsim.Absurd:
		// What cannot be CPU usage. Nobody could tell a possible number that
		// is wrong from one that is right.
		f.Value = pick(d, -1, 1e30, math.NaN())
	case datadogsim.TimesShifted, datadogsim.DateShifted:
		// Beyond any sample's age, so that it shows: data that are mistaken by
		// a second look as all others do.
		f.Shift = pick(d, -time.Minute, time.Minute)
	case datadogsim.Missing, datadogsim.Untagged, datadogsim.Frozen, datadogsim.NullTail, datadogsim.NullRows:
		w := pick(d, workloads...)
		if d.chance(2, 3) {
			f.Workload = w.Name
		}
		if d.chance(1, 3) {
			f.Container = pick(d, w.Containers...).Name
		}
	default:
	}
	return f
}
