package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// decode writes what the document says over the defaults in c and returns all
// that it cannot read. It walks the YAML itself because the decoders at hand stop
// at the first value of a wrong type, and forget where a doubled key stood.
func decode(document *yaml.Node, c *AdapterConfiguration) field.ErrorList {
	if len(document.Content) == 0 {
		return nil
	}
	var d decoder
	d.value(nil, document.Content[0], reflect.ValueOf(c).Elem())
	return d.problems
}

type decoder struct{ problems field.ErrorList }

func (d *decoder) report(problem *field.Error) { d.problems = append(d.problems, problem) }

// value reads a node into a field. How deep it goes is bounded by the types, so
// that an alias of its own ancestor cannot trap it.
func (d *decoder) value(path *field.Path, node *yaml.Node, into reflect.Value) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.ShortTag() == "!!null" {
		return // a key without a value keeps its default
	}
	_, isDuration := into.Interface().(Duration)
	switch {
	case into.Kind() == reflect.Struct && !isDuration:
		d.mapping(path, node, into)
	case into.Kind() == reflect.Slice:
		d.sequence(path, node, into)
	default:
		d.scalar(path, node, into)
	}
}

func (d *decoder) mapping(path *field.Path, node *yaml.Node, into reflect.Value) {
	if node.Kind != yaml.MappingNode {
		d.report(field.TypeInvalid(orRoot(path), written(node), at(node, "must be a mapping of "+strings.Join(keys(into.Type()), ", "))))
		return
	}
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		child := path.Child(key.Value)
		if earlier, doubled := first[key.Value]; doubled {
			problem := field.Duplicate(child, written(value))
			problem.Detail = at(key, fmt.Sprintf("line %d sets it already; keep one of them", earlier.Line))
			d.report(problem)
			continue
		}
		first[key.Value] = key
		index := slices.Index(keys(into.Type()), key.Value)
		if index < 0 {
			d.report(field.Forbidden(child, at(key, "there is no such key; here are "+strings.Join(keys(into.Type()), ", "))))
			continue
		}
		d.value(child, value, into.Field(index))
	}
}

func (d *decoder) sequence(path *field.Path, node *yaml.Node, into reflect.Value) {
	if node.Kind != yaml.SequenceNode {
		d.report(field.TypeInvalid(path, written(node), at(node, "must be a list")))
		return
	}
	list := reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content))
	for i, item := range node.Content {
		d.value(path.Index(i), item, list.Index(i))
	}
	into.Set(list)
}

func (d *decoder) scalar(path *field.Path, node *yaml.Node, into reflect.Value) {
	if must := setScalar(node, into); must != "" {
		d.report(field.TypeInvalid(path, written(node), at(node, must)))
	}
}

// setScalar returns what the value must be where it is not.
func setScalar(node *yaml.Node, into reflect.Value) string {
	if _, isDuration := into.Interface().(Duration); isDuration {
		duration, err := time.ParseDuration(node.Value)
		if err != nil {
			return "must be a duration with its unit, such as 30s or 3m"
		}
		into.Set(reflect.ValueOf(Duration{duration}))
		return ""
	}
	switch into.Kind() {
	case reflect.Bool:
		if node.ShortTag() != "!!bool" || node.Decode(into.Addr().Interface()) != nil {
			return "must be true or false"
		}
	case reflect.Int:
		if node.ShortTag() != "!!int" || node.Decode(into.Addr().Interface()) != nil {
			return "must be a whole number"
		}
	default:
		if node.Kind != yaml.ScalarNode {
			return "must be a text"
		}
		into.SetString(node.Value)
	}
	return ""
}

// keys are those of a struct's fields, in their order.
func keys(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("yaml")
	}
	return names
}

// written is the value as a message shows it; a list or a mapping is left out.
func written(node *yaml.Node) any {
	if node.Kind != yaml.ScalarNode {
		return field.OmitValueType{}
	}
	return node.Value
}

func orRoot(path *field.Path) *field.Path {
	if path == nil {
		return field.NewPath("the file")
	}
	return path
}

func at(node *yaml.Node, text string) string { return fmt.Sprintf("%s (line %d)", text, node.Line) }
