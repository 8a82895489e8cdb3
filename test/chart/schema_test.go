package chart_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/pkg/config"
	"github.com/crest-hpa/crest/test/chart"
)

// valuesSchema is a part of values.schema.json.
type valuesSchema struct {
	Properties           map[string]valuesSchema
	Items                *valuesSchema
	AdditionalProperties any
}

func readSchema(t *testing.T) valuesSchema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "charts/crest/values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s valuesSchema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// With this, a key in a user's values that the schema lets pass is one that values.yaml documents.
func TestTheSchemaAndTheValuesKnowTheSameKeys(t *testing.T) {
	values, err := chart.ReadValues(filepath.Join(root, "charts/crest/values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s := readSchema(t)
	delete(s.Properties, "global") // Helm's own
	sameKeys(t, "", s, values)
}

// free are objects of Kubernetes, whose keys the API server knows, and config, which is compared below.
var free = []string{".config", ".resources"}

func sameKeys(t *testing.T, path string, s valuesSchema, values map[string]any) {
	t.Helper()
	if slices.Contains(free, path) || s.Properties == nil {
		return
	}
	if s.AdditionalProperties != false {
		t.Errorf("%s: the schema lets unknown keys pass", path)
	}
	for key := range s.Properties {
		if _, has := values[key]; !has {
			t.Errorf("%s.%s is in the schema, not in values.yaml", path, key)
		}
	}
	for key, value := range values {
		inner, has := s.Properties[key]
		if !has {
			t.Errorf("%s.%s is in values.yaml, not in the schema", path, key)
		}
		if m, is := value.(map[string]any); is {
			sameKeys(t, path+"."+key, inner, m)
		}
	}
}

// elsewhere are the keys of the configuration that the chart writes itself.
var elsewhere = []string{
	".apiVersion", ".kind", ".certificate", ".datadog.enabled", ".datadog.site", ".datadog.clusterName",
	".datadog.apiKeyFile", ".datadog.appKeyFile",
}

func TestTheSchemaOfConfigKnowsTheKeysOfTheConfiguration(t *testing.T) {
	sameFields(t, "", readSchema(t).Properties["config"], reflect.TypeFor[config.AdapterConfiguration]())
}

func sameFields(t *testing.T, path string, s valuesSchema, typed reflect.Type) {
	t.Helper()
	known := map[string]bool{}
	for i := range typed.NumField() {
		field := typed.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		known[name] = true
		inner, has := s.Properties[name]
		written := slices.Contains(elsewhere, path+"."+name)
		if has == written {
			t.Errorf("config%s.%s: in the schema: %t; written by the chart: %t", path, name, has, written)
		}
		if written {
			continue
		}
		kind := field.Type
		if kind.Kind() == reflect.Slice && inner.Items != nil {
			kind, inner = kind.Elem(), *inner.Items
		}
		if kind.Kind() == reflect.Struct && kind != reflect.TypeFor[config.Duration]() {
			sameFields(t, path+"."+name, inner, kind)
		}
	}
	for name := range s.Properties {
		if !known[name] {
			t.Errorf("config%s.%s is in the schema, not in the configuration", path, name)
		}
	}
}
