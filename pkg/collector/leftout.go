package collector

import (
	"errors"
	"maps"
	"slices"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// leftOut are containers of a selection that are not measured for one reason.
type leftOut struct {
	selection utilization.Selection
	reason    utilization.LeftOutReason
	note      string
}

// notMeasured are the selected containers that the Pods of now leave out; false
// where the Pods cannot say. It is nothing that a source says: a container that
// is too young for it is not among them.
func (r *record) notMeasured() ([]utilization.LeftOut, bool) {
	if r.shape != nil {
		return r.shape.LeftOut, true
	}
	none := (*utilization.NoContainerError)(nil)
	if errors.As(r.err, &none) {
		return none.LeftOut, true
	}
	return nil, false
}

// leavesOut keeps the containers that are left out now, and returns those that
// were not, or for another reason, when last the Pods were known. A value goes
// on without them, so that nobody would miss them.
func (r *record) leavesOut() []leftOut {
	now, known := r.notMeasured()
	if !known {
		return nil
	}
	var found []leftOut
	for _, l := range now {
		told := slices.ContainsFunc(r.leftOut, func(t utilization.LeftOut) bool {
			return t.Container == l.Container && t.Reason == l.Reason
		})
		if told {
			continue
		}
		alike := slices.IndexFunc(found, func(f leftOut) bool { return f.reason == l.Reason })
		if alike < 0 {
			found = append(found, leftOut{r.want.Selection, l.Reason, r.want.Selection.String() + ": not measured, and so not in the answer: " + l.String()})
		} else {
			found[alike].note += "; " + l.String()
		}
	}
	r.leftOut = now
	return found
}

// announceLeftOut tells of containers that are not measured: an Event for each
// selection and reason, and one log line for all selections of a reason, since
// one change of how sidecars are injected concerns thousands at once.
func (c *Collector) announceLeftOut(records []*record) {
	alike := map[utilization.LeftOutReason][]leftOut{}
	for _, r := range records {
		for _, l := range r.leavesOut() {
			c.options.Inventory.Warn(l.selection, string(l.reason), l.note)
			alike[l.reason] = append(alike[l.reason], l)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(alike)) {
		c.options.Log.Info("containers are not measured", "reason", reason, "selections", len(alike[reason]), "first", alike[reason][0].note)
	}
}
