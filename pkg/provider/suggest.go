package provider

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// exampleName stands for a name that the selector does not give.
const exampleName = "my-app"

// SelectorError says what is wrong with a metric's selector.
type SelectorError struct {
	// Selector is what was asked.
	Selector string
	// Problem names the offending part.
	Problem string
	// Suggestion is a selector near to it that parses.
	Suggestion string
}

func (e *SelectorError) Error() string {
	return `selector "` + e.Selector + `": ` + e.Problem + `; a selector that works: "` + e.Suggestion + `"`
}

// unknownKey is the problem of a requirement whose key means nothing here.
func (g Grammar) unknownKey(r *labels.Requirement) string {
	return quote(r) + `: there is no key "` + r.Key() + `"; name the workload by one of ` + strings.Join(g.keys, ", ") +
		" and its containers by " + containerKey
}

// suggest makes a selector that parses out of one that need not: it keeps what
// can be kept of the workload and of the containers.
func (g Grammar) suggest(selector labels.Selector) string {
	requirements, _ := selector.Requirements()
	workload := g.suggestWorkload(requirements)
	if containers := suggestContainers(requirements).String(); containers != "" {
		return workload + "," + containers
	}
	return workload
}

// suggestWorkload takes the first workload whose key and name are right, else
// puts a right name to a right key, wherever each comes from.
func (g Grammar) suggestWorkload(requirements labels.Requirements) string {
	var key, name string
	for i := range requirements {
		r := &requirements[i]
		if r.Key() == containerKey {
			continue
		}
		ours := g.isWorkload(r.Key())
		if ours && key == "" {
			key = r.Key()
		}
		values := r.ValuesUnsorted()
		slices.Sort(values)
		for _, value := range values {
			if !isSubdomain(value) {
				continue
			}
			if ours {
				return r.Key() + "=" + value
			}
			if name == "" {
				name = value
			}
		}
	}
	if key == "" {
		key = g.keys[0]
	}
	if name == "" {
		name = exampleName
	}
	return key + "=" + name
}

// suggestContainers takes the containers that are asked for, else all but
// those that are not.
func suggestContainers(requirements labels.Requirements) utilization.Containers {
	var only, except []string
	for i := range requirements {
		r := &requirements[i]
		if r.Key() != containerKey {
			continue
		}
		list := &only
		switch r.Operator() {
		case selection.NotEquals, selection.NotIn:
			list = &except
		default:
		}
		for _, name := range r.ValuesUnsorted() {
			if isLabel(name) {
				*list = append(*list, name)
			}
		}
	}
	if len(only) > 0 {
		return utilization.Only(only...)
	}
	return utilization.Except(except...)
}
