package datadogsim

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// damageSources applies the faults that strike what the agents sent.
func damageSources(sources []*source, faults []Fault) []*source {
	for _, f := range faults {
		switch f.Kind {
		case Missing:
			sources = slices.DeleteFunc(sources, f.strikes)
		case Untagged:
			each(sources, f, func(s *source) { s.untagged = true })
		case Frozen:
			each(sources, f, func(s *source) { s.stops = f.Since })
		case AgentsGone:
			gone := f.hosts(sources)
			each(sources, f, func(s *source) {
				if gone[s.host.name] {
					s.stops = f.Since
				}
			})
		case TwoClusters:
			for _, s := range slices.Clone(sources) {
				if f.strikes(s) {
					sources = append(sources, s)
				}
			}
		default: // strikes elsewhere
		}
	}
	return sources
}

func each(sources []*source, f Fault, do func(*source)) {
	for _, s := range sources {
		if f.strikes(s) {
			do(s)
		}
	}
}

// hosts are the hosts whose agents are gone: those that are named, or the
// given fraction of all, rounded up, always the same ones.
func (f Fault) hosts(sources []*source) map[string]bool {
	gone := make(map[string]bool)
	for _, name := range f.Hosts {
		gone[name] = true
	}
	if f.Fraction == 0 {
		return gone
	}
	all := make(map[string]bool)
	for _, s := range sources {
		all[s.host.name] = true
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	most := int(f.Fraction*float64(len(names)) + 0.999)
	for _, name := range names[:min(most, len(names))] {
		gone[name] = true
	}
	return gone
}

// damageRequest applies the faults that make the service do something else
// than it was asked for.
func damageRequest(r request, faults []Fault) request {
	for _, f := range faults {
		if f.Kind != Coarser {
			continue
		}
		r.queries = slices.Clone(r.queries)
		for i := range r.queries {
			width := f.Width
			if width == 0 {
				width = 4 * newGrid(r, r.queries[i]).width
			}
			r.queries[i].Rollup.Every = width
		}
	}
	return r
}

// damage applies the faults that strike an answer.
func (a *answer) damage(faults []Fault) {
	for _, f := range faults {
		if slices.Contains(unscoped, f.Kind) {
			a.damageWhole(f)
		} else {
			a.damageRows(f)
		}
	}
}

func (a *answer) damageWhole(f Fault) {
	switch f.Kind {
	case Empty:
		a.rows, a.times = nil, nil
	case Shuffled:
		rand.Shuffle(len(a.rows), func(i, j int) { a.rows[i], a.rows[j] = a.rows[j], a.rows[i] })
	case RowsMissing:
		a.rowMissing = true
	case TimesInSeconds:
		for i := range a.times {
			a.times[i] /= int64(time.Second / time.Millisecond)
		}
	case TimesShifted:
		for i := range a.times {
			a.times[i] += f.Shift.Milliseconds()
		}
	default: // strikes elsewhere
	}
}

// damageRows applies a fault to the rows in its scope.
func (a *answer) damageRows(f Fault) {
	var added []row
	for i := range a.rows {
		r := &a.rows[i]
		if len(r.cells) == 0 || !f.strikesRow(*r) {
			continue
		}
		switch f.Kind {
		case Doubled:
			added = append(added, *r)
		case Foreign:
			added = append(added, r.foreign())
		case NullTail:
			r.cells[len(r.cells)-1] = cell{}
		case NullRows:
			r.cells = nil
		case Absurd:
			for c := range r.cells {
				r.cells[c] = cell{f.Value, true}
			}
		case RowsLong:
			r.cells = append(r.cells, cell{1, true})
		case RowsShort:
			r.cells = r.cells[:len(r.cells)-1]
		default: // strikes elsewhere
		}
	}
	a.rows = append(a.rows, added...)
}

// strikesRow says whether a row's tags are in the scope of the fault.
func (f Fault) strikesRow(r row) bool {
	for _, want := range []struct{ key, value string }{
		{"kube_namespace:", f.Namespace},
		{"", f.Workload},
		{"kube_container_name:", f.Container},
	} {
		matches := func(tag string) bool {
			return strings.HasPrefix(tag, want.key) && strings.HasSuffix(tag, ":"+want.value)
		}
		if want.value != "" && !slices.ContainsFunc(r.tags, matches) {
			return false
		}
	}
	return true
}

// foreign is the row as it would look in a namespace of somebody else.
func (r row) foreign() row {
	r.tags, r.cells = slices.Clone(r.tags), slices.Clone(r.cells)
	for i, tag := range r.tags {
		if value, ok := strings.CutPrefix(tag, "kube_namespace:"); ok {
			r.tags[i] = "kube_namespace:foreign-" + value
		}
	}
	return r
}
