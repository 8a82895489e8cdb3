package chart_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/crest-hpa/crest/test/chart"
)

// Argo CD compares what is rendered with what the API server made of it: a null, an empty map, a
// default that the API server leaves out or a value that is new at each rendering would be a difference for ever.
func TestNothingIsRenderedThatDriftsForEver(t *testing.T) {
	everyRelease(t, func(t *testing.T, _ string, r chart.Release) {
		for _, o := range objects(t, r) {
			where := o.GetKind() + " " + o.GetName()
			for _, problem := range drifting(where, o.Object) {
				t.Error(problem)
			}
			if o.GetKind() == "APIService" {
				spec, _ := o.Object["spec"].(map[string]any)
				if insecure, has := spec["insecureSkipTLSVerify"]; has && insecure != true {
					t.Errorf("%s: insecureSkipTLSVerify: %v", where, insecure)
				}
			}
		}
		if once, again := render(t, r), render(t, r); !maps.Equal(once, again) {
			t.Error("two renderings differ")
		}
	})
}

// drifting are the nulls and the empty labels and annotations below a value.
func drifting(path string, value any) (problems []string) {
	switch value := value.(type) {
	case nil:
		return []string{path + " is null"}
	case []any:
		for i, item := range value {
			problems = append(problems, drifting(fmt.Sprintf("%s[%d]", path, i), item)...)
		}
	case map[string]any:
		for key, item := range value {
			if m, is := item.(map[string]any); is && len(m) == 0 && (key == "annotations" || key == "labels") {
				problems = append(problems, path+"."+key+" is empty")
			}
			problems = append(problems, drifting(path+"."+key, item)...)
		}
	}
	return problems
}

// With a cluster the templates can look things up. That may stop an installation, but changes nothing
// of what is rendered: otherwise Helm and Argo CD would not render the same.
func TestALookupChangesNothing(t *testing.T) {
	everyRelease(t, func(t *testing.T, _ string, r chart.Release) {
		without := render(t, r)
		r.Cluster = owner(t, service{Namespace: r.Namespace, Name: fullname(t, r)})
		if with := render(t, r); !maps.Equal(with, without) {
			t.Error("with a cluster another thing is rendered than without")
		}
	})
}

func fullname(t *testing.T, r chart.Release) string {
	t.Helper()
	for _, o := range objects(t, r) {
		if o.GetKind() == "Service" {
			return o.GetName()
		}
	}
	t.Fatal("no Service is rendered")
	return ""
}
