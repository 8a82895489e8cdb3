package inventory

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// Reason is in what way an HPA misuses Crest's metrics: the log key, the
// metric's label and the Event's reason.
type Reason string

// The ways to misuse the metrics.
const (
	// AverageValueTarget is a target of type AverageValue: the HPA divides
	// a percentage by the number of Pods.
	AverageValueTarget Reason = "AverageValueTarget"
	// SummedContainers is the metric of many items: the HPA adds them up.
	SummedContainers Reason = "SummedContainers"
	// CannotWake is minReplicas 0 with no metric that exists without Pods.
	CannotWake Reason = "CannotWake"
	// ForeignTarget is a selector that names another workload than the one
	// that the HPA scales.
	ForeignTarget Reason = "ForeignTarget"
	// TargetsDisagree is several targets for one selection: a value can be
	// held at none of them.
	TargetsDisagree Reason = "TargetsDisagree"
	// BadSelector is a selector outside the grammar.
	BadSelector Reason = "BadSelector"
	// UnknownTarget is a selector that names an HPA which does not exist,
	// or whose workload is of a kind that is not configured.
	UnknownTarget Reason = "UnknownTarget"
)

// Reasons are all of them.
func Reasons() []Reason {
	return []Reason{
		AverageValueTarget, SummedContainers, CannotWake, ForeignTarget, TargetsDisagree, BadSelector, UnknownTarget,
	}
}

// misuse is one thing that is wrong with one HPA.
type misuse struct {
	hpa      types.NamespacedName
	reason   Reason
	selector string
}

// finding is what is wrong and what to do about it, for people.
type finding struct {
	reason Reason
	note   string
}

// misusesOf is what is wrong with one use whose selection is known. own is
// what the HPA scales.
func misusesOf(h *hpaRecord, u *use, sel utilization.Selection, scales bool, own scaled, metrics MetricNames) []finding {
	var out []finding
	if u.target == 0 {
		out = append(out, finding{AverageValueTarget, fmt.Sprintf(
			"the target of %s is not of type Value: the HPA would divide a percentage by the number of Pods; "+
				"set target.type to Value and target.value to the percentage", u.metric)})
	}
	if _, single := sel.Containers.Single(); u.metric == metrics.Container && !single {
		out = append(out, finding{SummedContainers, fmt.Sprintf(
			"%s has one item for each container of %s, and an HPA adds them up; use %s, or select one container with container=NAME",
			u.metric, sel, metrics.Max)})
	}
	if !scales {
		what := h.ref.Kind + " " + strconv.Quote(h.ref.Name)
		if own.err == nil {
			what = own.workload.String()
		}
		out = append(out, finding{ForeignTarget, fmt.Sprintf(
			"the HPA scales %s, but its metric is that of %s; name the same workload in both, or use the selector hpa=%s",
			what, sel.Workload, h.Name)})
	}
	return out
}

// cannotWake says whether an HPA may put its workload to sleep for ever.
func cannotWake(h *hpaRecord) (note string, bad bool) {
	if !h.canSleep || len(h.uses) == 0 {
		return "", false
	}
	return "minReplicas is 0, but a utilization does not exist at zero Pods and no other metric of the HPA does: " +
		"once at zero the workload stays there; set minReplicas to 1, or add an External or Object metric that exists without Pods", true
}

// disagreements finds the selections whose HPAs have different targets.
func (d *demand) disagreements() {
	for sel, a := range d.asked {
		values := map[utilization.Percent]struct{}{}
		named := make([]string, 0, len(a.targets))
		for _, t := range a.targets {
			if t.Value > 0 {
				values[t.Value] = struct{}{}
				named = append(named, t.HPA+": "+strconv.FormatFloat(float64(t.Value), 'f', -1, 64))
			}
		}
		if len(values) < 2 {
			continue
		}
		note := fmt.Sprintf("HPAs have different targets for %s (%s), so no value can be held for them; give them one target",
			sel, strings.Join(named, ", "))
		for _, t := range a.targets {
			if t.Value == 0 {
				continue
			}
			namespace, name, _ := strings.Cut(t.HPA, "/")
			d.misuses[misuse{types.NamespacedName{Namespace: namespace, Name: name}, TargetsDisagree, sel.String()}] = note
		}
	}
}
