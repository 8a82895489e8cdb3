package utilization

import (
	"cmp"
	"fmt"
	"math"
	"strings"
)

// Sample is a value that one source measured.
type Sample struct {
	Value Percent
	Span  Span
	// Ready is the mean number of Ready Pods over the span, n; 0 where it
	// is not known, and then the sample is not rebased.
	Ready float64
	// MeanOf is how many Pods a mean over Pods is of; 0 where it is not one.
	// Those that were on their way out have less to do than those that stay,
	// and lower it.
	MeanOf int
}

// Mixed says that the sample is a mean over many more Pods than were Ready:
// what those that serve use cannot be told from it. Pods on their way out
// serve no more, but report for as long as their grace period lasts.
func (s Sample) Mixed() bool {
	return s.Ready > 0 && less((1+unsettledShare)*s.Ready, float64(s.MeanOf))
}

// Measured is what is known of a selection before any correction.
type Measured struct {
	Sample
	// MeanOverPods says that the sample is a mean over all Running Pods, as
	// Datadog's is, and so mixes in those that are not Ready.
	MeanOverPods bool
	// Steady is metrics-server's maximum over the Ready Pods, for the time
	// in which a mean over Pods cannot be believed; nil without one.
	Steady *Sample
	// Hold is why no sample may lower the replicas, SteadyHold why Steady may
	// not; empty if they may.
	Hold, SteadyHold HoldReason
}

// HoldReason says why a value was replaced by the target.
type HoldReason string

// Why a value is held.
const (
	// FallbackScaleDown is a fallback that alone may not shrink a workload.
	FallbackScaleDown HoldReason = "FallbackScaleDown"
	// Starting is a start: no source has been good for long enough yet, and
	// the HPA may have lost its memory too.
	Starting HoldReason = "Starting"
	// Returning is the end of a silence: no source has been good for long
	// enough since.
	Returning HoldReason = "Returning"
	// RequestLost is a container that was measured and has no CPU request any
	// more: the maximum is over the others, and it may be the hot one.
	RequestLost HoldReason = "RequestLost"
	// Unsettled is a rollout, a start-up burst, hung Pods or many on their
	// way out, with nothing but a mean over all Pods to go by.
	Unsettled HoldReason = "Unsettled"
	// TooFewReady is a value above the target that would make the HPA ask
	// for fewer replicas than it has, because it multiplies by Ready Pods; or
	// one below it while fewer than half of the Running Pods are Ready.
	TooFewReady HoldReason = "TooFewReady"
	// MoreReadyThanReplicas is a value below the target that would make the
	// HPA ask for more replicas than it has, because it multiplies by Ready
	// Pods that are not replicas: those that are being deleted, the surge of
	// a rollout, a canary, the other colour of a blue-green one.
	MoreReadyThanReplicas HoldReason = "MoreReadyThanReplicas"
)

// Answer is what an HPA gets.
type Answer struct {
	Value Percent
	// Measured is the value before it was rebased or held.
	Measured Percent
	// Settled says that the measurement is the steady sample.
	Settled bool
	// Rebased says that the value was related to the Pods that are Ready now.
	Rebased bool
	// Held is why the value is the target; empty when it is not held.
	Held HoldReason
}

// ConflictError says that an answer would have to be rebased or held, and that
// the HPAs that name the selection do not agree on a target.
type ConflictError struct {
	Targets []Target
}

func (e *ConflictError) Error() string {
	each := make([]string, 0, len(e.Targets))
	for _, t := range e.Targets {
		what := "no target of type Value"
		if t.Value > 0 {
			what = fmt.Sprintf("target %g", float64(t.Value))
		}
		if !t.Scales {
			what += ", scales another workload"
		}
		each = append(each, t.HPA+": "+what)
	}
	return "the value has to be related to the target now, and the HPAs that name this selection have no common one (" +
		strings.Join(each, "; ") + "); give all of them the same target of type Value, and let one of them scale the workload"
}

// Guard turns a measurement into the answer. An HPA multiplies the ratio of
// value and target by the Pods that are Ready now, has no damping for External
// metrics, and asks every 15 s while the data are a minute old: served raw, a
// spike compounds. In this order:
//
//   - settle: while too many Pods are not Ready or only just, or the mean is of
//     too many that were not, the measurement is the steady sample; without
//     one, a mean over Pods may not shrink.
//   - rebase: above the target with n < R, or below it with n > R, the value
//     becomes v·n/R and never crosses the target (for its own metrics the HPA
//     does the same: missing Pods never change the direction).
//   - hold: exactly the target, so that the HPA changes nothing and keeps its
//     stabilization history, which an error would not.
//
// A selection that no HPA names gets the measured value. The error is a
// *ConflictError.
func Guard(m Measured, s Scale) (Answer, error) {
	sample, hold, settled := settle(m, s)
	measured := Answer{Value: sample.Value, Measured: sample.Value, Settled: settled}
	if len(s.Targets) == 0 {
		return measured, nil
	}
	if target, ok := s.Target(); ok {
		return adjust(measured, sample, hold, target, s), nil
	}
	if touched(measured, sample, hold, s) {
		return Answer{}, &ConflictError{Targets: s.Targets}
	}
	return measured, nil
}

// settle picks the sample that is believed now.
func settle(m Measured, s Scale) (sample Sample, hold HoldReason, settled bool) {
	switch {
	case !m.MeanOverPods || !s.Unsettled(m.Span.Begin) && !m.Mixed():
		return m.Sample, m.Hold, false
	case m.Steady != nil:
		return *m.Steady, cmp.Or(m.Hold, m.SteadyHold), true
	}
	return m.Sample, cmp.Or(m.Hold, Unsettled), false
}

// adjust rebases and holds the measured value.
func adjust(a Answer, sample Sample, hold HoldReason, target Percent, s Scale) Answer {
	above, below := a.Value > target, a.Value < target
	if n, ready := sample.pods(below), float64(s.Ready); n > 0 && ready > 0 {
		switch moved := roundedDown(a.Value * Percent(n/ready)); {
		case above && less(n, ready):
			a.Value, a.Rebased = max(target, moved), true
		case below && less(ready, n):
			a.Value, a.Rebased = min(target, moved), true
		}
	}
	asks := asked(a.Value, target, s.Ready)
	switch {
	case a.Value > target && asks < s.Replicas:
		a.Value, a.Held = target, TooFewReady
	case below && hold != "":
		a.Value, a.Held = target, hold
	case below && asks > s.FewestReplicas && s.FewestReplicas > 0:
		a.Value, a.Held = target, MoreReadyThanReplicas
	case below && (s.Ready == 0 || s.mostlyDown()):
		a.Value, a.Held = target, TooFewReady
	}
	return a
}

// pods is the n that a value is rebased from: the Pods that were Ready, or,
// below the target, all that the mean is of if these were more.
func (s Sample) pods(below bool) float64 {
	if below && s.Ready > 0 {
		return max(s.Ready, float64(s.MeanOf))
	}
	return s.Ready
}

// asked is how many replicas an HPA makes of a value: its ratio of the value
// and the target, both in milli, times the Pods that are Ready.
func asked(value, target Percent, ready int) int {
	return int(math.Ceil(float64(value.Milli()) / float64(target.Milli()) * float64(ready)))
}

// roundedDown drops what does not travel in milli. Rounded to the nearest, a
// rebased value would ask for one replica more than the measured one did where
// that one asked for a whole number: 140 % of 20 Pods at target 70 are 40 Pods,
// and 103.704 % of 27 are 41.
func roundedDown(p Percent) Percent {
	return FromMilli(int64(math.Floor(float64(p) * 1000)))
}

// less compares numbers of Pods, one of which is a mean over time.
func less(a, b float64) bool { return b-a > 1e-6 }

// touched says whether the value would be rebased or held for one of the
// targets or, where none is of type Value, for any target at all.
func touched(a Answer, sample Sample, hold HoldReason, s Scale) bool {
	valued := false
	for _, t := range s.Targets {
		if t.Value <= 0 {
			continue
		}
		valued = true
		if b := adjust(a, sample, hold, t.Value, s); b.Rebased || b.Held != "" {
			return true
		}
	}
	apart := less(sample.Ready, float64(s.Ready)) || less(float64(s.Ready), sample.Ready)
	return !valued && (hold != "" || sample.Ready > 0 && apart)
}
