package utilization

import (
	"slices"
	"time"
)

// unsettledShare is the share of the Running Pods that may be not Ready, or
// Ready only since the sample began, before a mean over Pods is not believed.
const unsettledShare = 0.10

// Want is a selection that somebody reads, and whether its plain Pod average
// is read as well.
type Want struct {
	Selection  Selection
	PodAverage bool
}

// Target is what one HPA wants of a selection.
type Target struct {
	// HPA is its namespace and name, joined by a slash.
	HPA string
	// Value is its target; 0 when the target is not of type Value.
	Value Percent
	// Scales says that the HPA scales the selection's workload.
	Scales bool
}

// Live is what is known of a workload's Pods at this moment, not at that of a
// sample.
type Live struct {
	// Running is how many Pods are in phase Running and not being deleted.
	Running int
	// Ready is how many are Running and Ready, terminating ones too: what
	// the HPA multiplies its ratio by.
	Ready int
	// ReadySince is, of the Pods that count, since when, ascending.
	ReadySince []time.Time
}

// Unsettled says that more than a tenth of the Running Pods are not Ready, or
// became Ready after begin: a rollout, a start-up burst, hung Pods. A mean
// over Pods that began then mixes in Pods that do not serve.
func (l Live) Unsettled(begin time.Time) bool {
	steady, _ := slices.BinarySearchFunc(l.ReadySince, begin, func(since, begin time.Time) int {
		if since.After(begin) {
			return 1
		}
		return -1
	})
	return float64(l.Running-steady) > unsettledShare*float64(l.Running)
}

// mostlyDown says that fewer than half of the Running Pods are Ready: a
// dependency fails, and with it their readiness. The few that are left do not
// tell what the workload needs, and the HPA would multiply by them alone. A Pod
// that cannot be scheduled does not run, and so is not one that is down.
func (l Live) mostlyDown() bool { return 2*len(l.ReadySince) < l.Running }

// Scale is what Guard must know of the HPAs that ask and of the workload now.
type Scale struct {
	Live
	// Targets are those of the HPAs that name the selection, by HPA.
	Targets []Target
	// Replicas is how many the workload has, FewestReplicas the same at the
	// least: what the HPA saw and what it asked for differ while the workload
	// follows it, after somebody has scaled by hand, and while syncs fail.
	// Either is 0 where it is not known.
	Replicas, FewestReplicas int
}

// Target is the one target of all HPAs that name the selection; it exists
// when all of them have the same, of type Value, and one of them scales the
// workload.
func (s Scale) Target() (Percent, bool) {
	scales := false
	for _, t := range s.Targets {
		if t.Value <= 0 || t.Value != s.Targets[0].Value {
			return 0, false
		}
		scales = scales || t.Scales
	}
	if !scales {
		return 0, false
	}
	return s.Targets[0].Value, true
}
