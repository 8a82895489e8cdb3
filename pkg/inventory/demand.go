package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// demand is what the HPAs of the cluster want, at one moment. It is immutable.
type demand struct {
	// wanted is sorted, without duplicates.
	wanted []utilization.Want
	// workloads are those of wanted, sorted, without duplicates.
	workloads []utilization.Workload
	asked     map[utilization.Selection]*asked
	// scaled is what each HPA scales, or why that is not known.
	scaled map[types.NamespacedName]scaled
	// misuses are what is wrong, with a note for people.
	misuses map[misuse]string
	hpaUID  map[types.NamespacedName]types.UID
}

// asked is who asks for one selection.
type asked struct {
	targets    []utilization.Target
	hpas       []types.NamespacedName
	podAverage bool
	// replicas is what the HPA that scales the workload believes; zero where
	// none does or it does not know.
	replicas replicas
}

// scaled is the workload of an HPA's scaleTargetRef.
type scaled struct {
	workload utilization.Workload
	err      error
}

// newDemand computes what hpas, in any order, want. Misused metrics are
// wanted all the same where it is clear what they name.
func newDemand(hpas []*hpaRecord, kinds kindTable, metrics MetricNames) *demand {
	hpas = slices.Clone(hpas)
	slices.SortFunc(hpas, func(a, b *hpaRecord) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	d := &demand{
		asked:   map[utilization.Selection]*asked{},
		scaled:  make(map[types.NamespacedName]scaled, len(hpas)),
		misuses: map[misuse]string{},
		hpaUID:  make(map[types.NamespacedName]types.UID, len(hpas)),
	}
	for _, h := range hpas {
		d.scaled[h.key()] = scaledBy(h, kinds)
		d.hpaUID[h.key()] = h.UID
	}
	for _, h := range hpas {
		for i := range h.uses {
			d.add(h, &h.uses[i], metrics)
		}
		if note, bad := cannotWake(h); bad {
			d.misuses[misuse{h.key(), CannotWake, ""}] = note
		}
	}
	d.disagreements()
	d.collect()
	return d
}

// scaledBy is the workload that an HPA scales.
func scaledBy(h *hpaRecord, kinds kindTable) scaled {
	key, ok := kinds.key(h.ref)
	if !ok {
		return scaled{err: fmt.Errorf("HPA %s scales %s %q of %s, which is not among the configured kinds of workload (%s)",
			h.key(), h.ref.Kind, h.ref.Name, h.ref.APIVersion, strings.Join(slices.Sorted(maps.Values(kinds)), ", "))}
	}
	return scaled{workload: utilization.Workload{Kind: key, Namespace: h.Namespace, Name: h.ref.Name}}
}

// add takes one use of one HPA into account.
func (d *demand) add(h *hpaRecord, u *use, metrics MetricNames) {
	sel, misused := d.resolve(h, u)
	if misused != nil {
		d.misuses[misuse{h.key(), misused.reason, u.selector}] = misused.note
		return
	}
	own := d.scaled[h.key()]
	scales := own.err == nil && own.workload == sel.Workload
	for _, m := range misusesOf(h, u, sel, scales, own, metrics) {
		d.misuses[misuse{h.key(), m.reason, u.selector}] = m.note
	}
	a := d.asked[sel]
	if a == nil {
		a = &asked{}
		d.asked[sel] = a
	}
	if u.metric == metrics.PodAverage {
		a.podAverage = true
	}
	if !slices.Contains(a.hpas, h.key()) {
		a.hpas = append(a.hpas, h.key())
	}
	if scales && !a.replicas.known() {
		a.replicas = h.replicas
	}
	if targets(u, sel, metrics) {
		t := utilization.Target{HPA: h.key().String(), Value: u.target, Scales: scales}
		if !slices.Contains(a.targets, t) {
			a.targets = append(a.targets, t)
		}
	}
}

// targets says whether what the HPA compares with its target is the answer
// for the selection: the maximum, or the one container that is selected.
func targets(u *use, sel utilization.Selection, metrics MetricNames) bool {
	_, single := sel.Containers.Single()
	return u.metric == metrics.Max || u.metric == metrics.Container && single
}

// resolve is the selection that a use names.
func (d *demand) resolve(h *hpaRecord, u *use) (utilization.Selection, *finding) {
	if u.refused != "" {
		return utilization.Selection{}, &finding{BadSelector, u.refused}
	}
	if u.hpa == "" {
		return u.selection, nil
	}
	sel := u.selection
	target, ok := d.scaled[types.NamespacedName{Namespace: h.Namespace, Name: u.hpa}]
	switch {
	case !ok:
		return sel, &finding{UnknownTarget, fmt.Sprintf("selector %s names an HPA that does not exist in namespace %s", u.selector, h.Namespace)}
	case target.err != nil:
		return sel, &finding{UnknownTarget, fmt.Sprintf("selector %s cannot be followed: %v", u.selector, target.err)}
	}
	sel.Workload = target.workload
	return sel, nil
}

// collect makes the sorted lists.
func (d *demand) collect() {
	d.wanted = make([]utilization.Want, 0, len(d.asked))
	workloads := map[utilization.Workload]struct{}{}
	for sel, a := range d.asked {
		d.wanted = append(d.wanted, utilization.Want{Selection: sel, PodAverage: a.podAverage})
		workloads[sel.Workload] = struct{}{}
	}
	slices.SortFunc(d.wanted, func(a, b utilization.Want) int {
		return cmp.Or(compareWorkloads(a.Selection.Workload, b.Selection.Workload),
			strings.Compare(a.Selection.Containers.String(), b.Selection.Containers.String()))
	})
	d.workloads = slices.SortedFunc(maps.Keys(workloads), compareWorkloads)
}

func compareWorkloads(a, b utilization.Workload) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
}
