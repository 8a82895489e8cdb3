package inventory

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// hpaKind stands for the kind of a workload in the error about an HPA that
// does not exist.
const hpaKind = "hpa"

// Synced says that the HPAs and the Pods have been listed. It does not wait
// for kinds of workload, which the cluster may not serve, nor for scales.
func (i *Inventory) Synced() bool { return i.HPAsSynced() && i.podsHandled.HasSynced() }

// HPAsSynced says that the HPAs have been listed, so that it is known what is
// wanted.
func (i *Inventory) HPAsSynced() bool { return i.demand.Load() != nil }

// Changes receives, when something that matters to a collection has happened:
// what is wanted has changed, the Pods of a workload became known, or the
// first of them became Ready. Changes that nobody has received are one.
func (i *Inventory) Changes() <-chan struct{} { return i.changes }

// Wanted is what the HPAs want, sorted, without duplicates. It must not be
// changed.
func (i *Inventory) Wanted() []utilization.Want {
	if d := i.demand.Load(); d != nil {
		return d.wanted
	}
	return nil
}

// Pods are the Pods of a tracked workload, sorted by name. They must not be
// changed. The error is a *utilization.NotFoundError where the workload does
// not exist and a *utilization.PendingError, which says why, where that or its
// Pods are not known, or not any more.
func (i *Inventory) Pods(w utilization.Workload) ([]utilization.Pod, error) {
	if i.kinds[w.Kind] != nil && !i.podsHandled.HasSynced() {
		return nil, pending(w, i.podFeed.pending()).err
	}
	if why := i.stale(w.Kind); why != "" {
		return nil, pending(w, why).err
	}
	if t := i.registry.find(w); t != nil {
		s := t.state.Load()
		return s.pods, s.err
	}
	obj := i.lookup(w)
	switch {
	case obj.pending != "":
		return nil, pending(w, obj.pending).err
	case !obj.exists:
		return nil, &utilization.NotFoundError{Workload: w}
	default:
		return nil, pending(w, "nobody has asked for it yet; ask again").err
	}
}

// stale says why what was seen last of a workload of this kind is not believed
// any more, if it is not: the Pods, the HPAs that name it, whose target a value
// is held at, and its object, which tells its Pods, must all be known. See
// docs/decisions/0020.
func (i *Inventory) stale(kind string) string {
	feeds := []*feed{i.podFeed, i.hpaFeed}
	if k := i.kinds[kind]; k != nil {
		feeds = append(feeds, k.feed)
	}
	now := i.options.Now()
	for _, f := range feeds {
		if why := f.stale(now); why != "" {
			return why
		}
	}
	return ""
}

// MeanReady is the mean over span of the number of Pods that counted, weighted
// by time; false where it is not known. Of the time before the workload was
// tracked it knows what its present Pods say.
func (i *Inventory) MeanReady(w utilization.Workload, span utilization.Span) (float64, bool) {
	if t := i.registry.find(w); t != nil {
		return t.state.Load().history.meanReady(span)
	}
	return 0, false
}

// PeakRunning is the most Pods that ran at one moment since the begin of span,
// those that were being deleted too; 0 where that is not known.
func (i *Inventory) PeakRunning(w utilization.Workload, span utilization.Span) int {
	if t := i.registry.find(w); t != nil {
		return t.state.Load().history.peakRunning(span.Begin)
	}
	return 0
}

// Scale is who asks for a selection and the Pods of its workload, now. It
// takes no lock. What is not known is zero.
func (i *Inventory) Scale(sel utilization.Selection) utilization.Scale {
	var out utilization.Scale
	if d := i.demand.Load(); d != nil {
		if a := d.asked[sel]; a != nil {
			out.Targets, out.Replicas, out.FewestReplicas = a.targets, a.replicas.most(), a.replicas.fewest()
		}
	}
	if t := i.registry.find(sel.Workload); t != nil {
		s := t.state.Load()
		out.Live = s.live
		if out.Replicas == 0 {
			out.Replicas, out.FewestReplicas = s.present, s.present
		}
	}
	return out
}

// ScaleTarget is the workload that an HPA scales. It takes no lock. The error
// is a *utilization.NotFoundError, whose workload is of kind "hpa", where there
// is no such HPA; a *utilization.PendingError where the HPAs are not listed yet,
// or not followed any more; and another where what it scales is of a kind that is not configured.
func (i *Inventory) ScaleTarget(namespace, hpa string) (utilization.Workload, error) {
	name := utilization.Workload{Kind: hpaKind, Namespace: namespace, Name: hpa}
	d := i.demand.Load()
	if d == nil {
		return utilization.Workload{}, pending(name, i.hpaFeed.pending()).err
	}
	if why := i.hpaFeed.stale(i.options.Now()); why != "" {
		return utilization.Workload{}, pending(name, why).err
	}
	s, ok := d.scaled[types.NamespacedName{Namespace: namespace, Name: hpa}]
	if !ok {
		return utilization.Workload{}, &utilization.NotFoundError{Workload: name}
	}
	return s.workload, s.err
}

// Enrol replaces the workloads that are tracked besides those of the HPAs.
func (i *Inventory) Enrol(workloads []utilization.Workload) {
	enrolled := append([]utilization.Workload(nil), workloads...)
	i.enrolled.Store(&enrolled)
	signal(i.retrack)
}

// Warn writes a Warning Event on the HPAs that name the selection, Inform a
// Normal one. A selection that no HPA names is that of somebody who only looks,
// and nobody is told. Neither blocks; client-go limits the rate.
func (i *Inventory) Warn(sel utilization.Selection, reason, note string) {
	i.tell(sel, corev1.EventTypeWarning, reason, note)
}

// Inform is described with Warn.
func (i *Inventory) Inform(sel utilization.Selection, reason, note string) {
	i.tell(sel, corev1.EventTypeNormal, reason, note)
}

func (i *Inventory) tell(sel utilization.Selection, eventType, reason, note string) {
	d := i.demand.Load()
	if d == nil || d.asked[sel] == nil {
		return
	}
	for _, hpa := range d.asked[sel].hpas {
		i.events.write(hpaReference(hpa, d.hpaUID[hpa]), eventType, reason, note)
	}
}
