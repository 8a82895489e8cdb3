package provider

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// The keys of a selector that no kind of workload can have.
const (
	hpaKey       = "hpa"
	containerKey = "container"
)

// Grammar is what a metric's selector may say:
//
//	selector   = workload [ "," containers ]
//	workload   = kind "=" name | "hpa=" name
//	containers = "container=" name | "container in (" names ")" | "container notin (" names ")"
//
// A kind is a configured selector key such as "deployment". Everything else is
// refused: an answer for less or more than was asked for would scale a
// workload on somebody else's load.
type Grammar struct {
	keys []string
}

// NewGrammar makes the grammar of the kinds whose selector keys these are, in
// the order in which messages name them.
func NewGrammar(kinds []string) Grammar {
	return Grammar{keys: append(slices.Clone(kinds), hpaKey)}
}

// Parse reads a selector in a namespace. Where the selector names the workload
// of an HPA, that HPA's name is returned and the selection's workload has
// neither kind nor name. The error is a *SelectorError.
func (g Grammar) Parse(namespace string, selector labels.Selector) (sel utilization.Selection, hpa string, err error) {
	refuse := func(problem string) (utilization.Selection, string, error) {
		return utilization.Selection{}, "", &SelectorError{Selector: selector.String(), Problem: problem, Suggestion: g.suggest(selector)}
	}
	requirements, selectable := selector.Requirements()
	if !selectable {
		return refuse("it selects nothing")
	}
	workloads, containers := 0, 0
	sel.Workload.Namespace = namespace
	for i := range requirements {
		r := &requirements[i]
		switch {
		case r.Key() == containerKey:
			var problem string
			if sel.Containers, problem = parseContainers(r); problem != "" {
				return refuse(problem)
			}
			containers++
		case g.isWorkload(r.Key()):
			name, problem := parseWorkload(r)
			if problem != "" {
				return refuse(problem)
			}
			if r.Key() == hpaKey {
				hpa = name
			} else {
				sel.Workload.Kind, sel.Workload.Name = r.Key(), name
			}
			workloads++
		default:
			return refuse(g.unknownKey(r))
		}
	}
	switch {
	case workloads == 0:
		return refuse("it names no workload")
	case workloads > 1:
		return refuse("it names more than one workload")
	case containers > 1:
		return refuse("it has more than one requirement on " + containerKey)
	}
	return sel, hpa, nil
}

func (g Grammar) isWorkload(key string) bool { return slices.Contains(g.keys, key) }

// parseWorkload returns the name, or what is wrong.
func parseWorkload(r *labels.Requirement) (name, problem string) {
	if op := r.Operator(); op != selection.Equals && op != selection.DoubleEquals {
		return "", quote(r) + " does not name one workload; use " + r.Key() + "=NAME"
	}
	for _, name = range r.ValuesUnsorted() {
		if !isSubdomain(name) {
			return "", quote(r) + ": that cannot be the name of an object (lower-case letters, digits, - and . only)"
		}
	}
	return name, ""
}

// parseContainers returns the choice, or what is wrong.
func parseContainers(r *labels.Requirement) (c utilization.Containers, problem string) {
	names := r.ValuesUnsorted()
	switch r.Operator() {
	case selection.Equals, selection.DoubleEquals, selection.In:
		c = utilization.Only(names...)
	case selection.NotIn:
		c = utilization.Except(names...)
	default:
		return c, quote(r) + " is not understood; use container=NAME, container in (A,B) or container notin (A,B)"
	}
	for _, name := range names {
		if !isLabel(name) {
			return c, quote(r) + `: "` + name + `" cannot be the name of a container (lower-case letters, digits and - only)`
		}
	}
	return c, ""
}

func quote(r *labels.Requirement) string { return `"` + r.String() + `"` }
