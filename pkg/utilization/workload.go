package utilization

import (
	"slices"
	"strings"
)

// Workload is what an HPA scales.
type Workload struct {
	// Kind is the configured key of the workload's kind, such as
	// "deployment". A key is unique in a configuration; a Kubernetes kind
	// need not be (two groups may both have a StatefulSet).
	Kind string
	// Namespace and Name are those of the object.
	Namespace, Name string
}

// String is the workload for a person: deployment "item" in namespace "shop".
func (w Workload) String() string {
	return w.Kind + ` "` + w.Name + `" in namespace "` + w.Namespace + `"`
}

// Containers says which containers of a Pod a selector picks. It is
// comparable, and two spellings of one choice are equal. The zero value picks
// all containers.
type Containers struct {
	// names are sorted, without duplicates, joined by commas, which a
	// container's name cannot contain.
	names  string
	except bool
}

// Only picks the containers of these names.
func Only(names ...string) Containers { return Containers{names: canonical(names)} }

// Except picks all containers but those of these names. Except() picks all.
func Except(names ...string) Containers {
	c := canonical(names)
	return Containers{names: c, except: c != ""}
}

func canonical(names []string) string {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return strings.Join(slices.Compact(sorted), ",")
}

// All says that no container is excluded.
func (c Containers) All() bool { return c.names == "" }

// Names are the names that the selector lists, sorted: those it wants or,
// where Pick refuses them, those it excludes.
func (c Containers) Names() []string {
	if c.names == "" {
		return nil
	}
	return strings.Split(c.names, ",")
}

// Pick says whether the container of this name is selected.
func (c Containers) Pick(name string) bool {
	return c.All() || c.lists(name) != c.except
}

// AsksFor says whether the selector asks for this container by its name.
func (c Containers) AsksFor(name string) bool {
	return !c.All() && !c.except && c.lists(name)
}

// Single is the one container that the selector asks for by name, if it asks
// for exactly one.
func (c Containers) Single() (string, bool) {
	return c.names, !c.All() && !c.except && !strings.Contains(c.names, ",")
}

func (c Containers) lists(name string) bool {
	for rest := c.names; rest != ""; {
		var first string
		first, rest, _ = strings.Cut(rest, ",")
		if first == name {
			return true
		}
	}
	return false
}

// String is the choice as a selector spells it; empty for all containers.
func (c Containers) String() string {
	switch {
	case c.All():
		return ""
	case c.except:
		return "container notin (" + c.names + ")"
	default:
		if name, ok := c.Single(); ok {
			return "container=" + name
		}
		return "container in (" + c.names + ")"
	}
}

// Selection is a workload and the containers of it that a selector picks:
// what has one state, one source and one answer. It is canonical and
// comparable.
type Selection struct {
	Workload   Workload
	Containers Containers
}

// String is the selection for a person.
func (s Selection) String() string {
	if s.Containers.All() {
		return s.Workload.String()
	}
	return s.Workload.String() + " (" + s.Containers.String() + ")"
}
