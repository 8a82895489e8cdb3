package inventory

import (
	"slices"

	"k8s.io/apimachinery/pkg/selection"
)

// term is a label that every Pod of a workload has, and its namespace; with an
// empty key, none is known.
type term struct{ namespace, key, value string }

// termIndex finds the workloads that a Pod may belong to without trying the
// selectors of all workloads of its namespace.
type termIndex map[term][]*tracked

// insert files a workload under the term of its selector that the fewest
// others share: a label like "tier: web" may be on every Pod.
func (x termIndex) insert(t *tracked) {
	namespace := t.workload.Namespace
	t.term = term{namespace: namespace}
	fewest := -1
	requirements, _ := t.selector.Requirements()
	for _, r := range requirements {
		if op := r.Operator(); op != selection.Equals && op != selection.DoubleEquals && op != selection.In {
			continue
		}
		values := r.ValuesUnsorted()
		if len(values) != 1 {
			continue
		}
		candidate := term{namespace, r.Key(), values[0]}
		if n := len(x[candidate]); fewest < 0 || n < fewest {
			t.term, fewest = candidate, n
		}
	}
	x[t.term] = append(x[t.term], t)
}

// remove takes a workload out; one that is not in is left alone.
func (x termIndex) remove(t *tracked) {
	rest := slices.DeleteFunc(x[t.term], func(other *tracked) bool { return other == t })
	if len(rest) == 0 {
		delete(x, t.term)
	} else {
		x[t.term] = rest
	}
}

// each calls f for the workloads whose selector may match the Pod.
func (x termIndex) each(p *podRecord, f func(*tracked)) {
	for _, t := range x[term{namespace: p.namespace}] {
		f(t)
	}
	for key, value := range p.labels {
		for _, t := range x[term{p.namespace, key, value}] {
			f(t)
		}
	}
}
