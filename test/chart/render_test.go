package chart_test

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crest-hpa/crest/test/chart"
	"github.com/crest-hpa/crest/test/cluster"
)

var update = flag.Bool("update", false, "bring what the tests compare up to date: the golden files, or deploy/")

const root = "../.."

// everyRelease runs the test for each file of values in charts/crest/ci.
func everyRelease(t *testing.T, test func(t *testing.T, name string, r chart.Release)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "charts/crest/ci/*-values.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no values in charts/crest/ci: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), "-values.yaml")
		t.Run(name, func(t *testing.T) { test(t, name, chart.Release{Values: values(t, name), Namespace: "crest-system"}) })
	}
}

// values are those of a file in charts/crest/ci.
func values(t *testing.T, name string) map[string]any {
	t.Helper()
	v, err := chart.ReadValues(filepath.Join(root, "charts/crest/ci", name+"-values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func render(t *testing.T, r chart.Release) map[string]string {
	t.Helper()
	texts, err := r.Render()
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func objects(t *testing.T, r chart.Release) []*unstructured.Unstructured {
	t.Helper()
	found, err := cluster.Objects([]byte(chart.Manifest(render(t, r))))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// find is the one object of a kind and name.
func find(t *testing.T, all []*unstructured.Unstructured, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, o := range all {
		if o.GetKind() == kind && o.GetName() == name {
			return o
		}
	}
	t.Fatalf("no %s called %s is rendered", kind, name)
	return nil
}
