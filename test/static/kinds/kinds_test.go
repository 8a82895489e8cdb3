package kinds_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	certmanager "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// types are the kinds of others, by apiVersion and kind.
var types = map[string]func() any{
	"monitoring.coreos.com/v1 ServiceMonitor": func() any { return &monitoring.ServiceMonitor{} },
	"monitoring.coreos.com/v1 PrometheusRule": func() any { return &monitoring.PrometheusRule{} },
	"cert-manager.io/v1 Certificate":          func() any { return &certmanager.Certificate{} },
	"cert-manager.io/v1 Issuer":               func() any { return &certmanager.Issuer{} },
}

// The golden files are what the chart renders: the tests beside them see to that.
func TestEachObjectOfAnotherProjectsKindIsDecodedStrictly(t *testing.T) {
	files, err := filepath.Glob("../../chart/testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden file: %v", err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
			var head struct{ APIVersion, Kind string }
			if err := yaml.Unmarshal(document, &head); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			name := head.APIVersion + " " + head.Kind
			typed, known := types[name]
			if !known {
				continue
			}
			seen[name] = true
			for _, problem := range strictly(t, document, typed()) {
				t.Errorf("%s: a %s: %v", file, head.Kind, problem)
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(types)); !slices.Equal(got, want) {
		t.Errorf("decoded: %s; want %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// strictly decodes as the API server does, to which "dnsnames" is not "dnsNames".
func strictly(t *testing.T, document []byte, into any) []error {
	t.Helper()
	text, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return []error{err}
	}
	problems, err := json.UnmarshalStrict(text, into)
	if err != nil {
		problems = append(problems, err)
	}
	return problems
}
