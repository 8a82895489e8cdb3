package query

import (
	"slices"
	"strings"
)

// Tags answers for one series: the value of a tag, and whether it has one.
type Tags func(key string) (value string, ok bool)

// Filter decides which series a query reads. The set of implementations is
// closed: [All], [Any], [Not] and [In].
type Filter interface {
	// Match says whether a series with these tags is read.
	Match(tags Tags) bool
	// String renders the filter in words (AND, OR, NOT, IN).
	String() string
	// keys appends the tag keys that Match looks at.
	keys(into []string) []string
}

// All is a conjunction of two operands or more.
type All []Filter

// Any is a disjunction of two operands or more.
type Any []Filter

// Not inverts its operand.
type Not struct{ Filter Filter }

// In holds for a series whose tag Key has one of Values. A "*" in a value
// stands for any run of characters.
type In struct {
	Key    string
	Values []string

	exact map[string]bool
	globs []string
}

func newIn(key string, values []string) *In {
	in := &In{Key: key, Values: values, exact: make(map[string]bool, len(values))}
	for _, v := range values {
		if strings.Contains(v, "*") {
			in.globs = append(in.globs, v)
		} else {
			in.exact[v] = true
		}
	}
	return in
}

// Keys lists the tag keys a filter looks at, sorted, each once. Two series
// that agree on them are told apart by no tag that the filter can see.
func Keys(f Filter) []string {
	if f == nil {
		return nil
	}
	keys := f.keys(nil)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Mentions says whether a filter names the value, of whatever tag.
func Mentions(f Filter, value string) bool {
	switch f := f.(type) {
	case All:
		return slices.ContainsFunc(f, func(o Filter) bool { return Mentions(o, value) })
	case Any:
		return slices.ContainsFunc(f, func(o Filter) bool { return Mentions(o, value) })
	case Not:
		return Mentions(f.Filter, value)
	case *In:
		return f.exact[value]
	default:
		return false
	}
}

// Match implements [Filter].
func (f All) Match(tags Tags) bool {
	for _, operand := range f {
		if !operand.Match(tags) {
			return false
		}
	}
	return true
}

// Match implements [Filter].
func (f Any) Match(tags Tags) bool {
	for _, operand := range f {
		if operand.Match(tags) {
			return true
		}
	}
	return false
}

// Match implements [Filter].
func (f Not) Match(tags Tags) bool { return !f.Filter.Match(tags) }

// Match implements [Filter].
func (f *In) Match(tags Tags) bool {
	value, ok := tags(f.Key)
	if !ok {
		return false
	}
	if f.exact[value] {
		return true
	}
	return slices.ContainsFunc(f.globs, func(glob string) bool { return globMatch(glob, value) })
}

// globMatch reports whether "*" in glob can stand for parts of value.
func globMatch(glob, value string) bool {
	parts := strings.Split(glob, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(value) < len(first)+len(last) || !strings.HasPrefix(value, first) || !strings.HasSuffix(value, last) {
		return false
	}
	value = value[len(first) : len(value)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(value, part)
		if at < 0 {
			return false
		}
		value = value[at+len(part):]
	}
	return true
}

func (f All) String() string { return join(f, " AND ") }
func (f Any) String() string { return join(f, " OR ") }
func (f Not) String() string { return "NOT " + operand(f.Filter) }

func (f *In) String() string {
	if len(f.Values) == 1 {
		return f.Key + ":" + f.Values[0]
	}
	return f.Key + " IN (" + strings.Join(f.Values, ",") + ")"
}

func join(operands []Filter, word string) string {
	texts := make([]string, len(operands))
	for i, f := range operands {
		texts[i] = operand(f)
	}
	return strings.Join(texts, word)
}

// operand renders f so that it can stand inside another filter.
func operand(f Filter) string {
	switch f.(type) {
	case All, Any:
		return "(" + f.String() + ")"
	default:
		return f.String()
	}
}

func (f All) keys(into []string) []string { return operandKeys(f, into) }
func (f Any) keys(into []string) []string { return operandKeys(f, into) }
func (f Not) keys(into []string) []string { return f.Filter.keys(into) }
func (f *In) keys(into []string) []string { return append(into, f.Key) }

func operandKeys(operands []Filter, into []string) []string {
	for _, f := range operands {
		into = f.keys(into)
	}
	return into
}
