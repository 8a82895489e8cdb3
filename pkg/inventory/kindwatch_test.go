package inventory

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestTheResourceOfAKind(t *testing.T) {
	cases := map[string]struct {
		resources []metav1.APIResource
		want      string
		err       string
	}{
		"with a scale":               {resources: scalable("deployments", "Deployment"), want: "deployments"},
		"a kind that is not there":   {resources: scalable("rollouts", "Rollout"), err: "has no namespaced kind Deployment"},
		"a kind without a namespace": {resources: []metav1.APIResource{{Name: "deployments", Kind: "Deployment"}}, err: "has no namespaced kind"},
		"without a scale":            {resources: scalable("deployments", "Deployment")[:1], err: "has no scale subresource"},
		"nothing served at all":      {err: "is its CRD installed?"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			k := &kindWatch{Kind: kinds[0]}
			got, err := k.resourceIn(&metav1.APIResourceList{APIResources: c.resources})
			switch {
			case c.err == "" && (err != nil || got.Resource != c.want || got.Group != "apps"):
				t.Errorf("resource = %v, %v; want %s of apps", got, err, c.want)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("error %v, want one with %q", err, c.err)
			}
		})
	}
}

func TestTheSelectorOfAScale(t *testing.T) {
	cases := map[string]struct {
		status any
		want   string
		err    string
	}{
		"labels":             {status: map[string]any{"selector": "app=item,tier in (web)"}, want: "app=item,tier in (web)"},
		"none":               {status: map[string]any{"replicas": int64(1)}, err: "status.selector is empty"},
		"no status":          {err: "status.selector is empty"},
		"one of another API": {status: map[string]any{"selector": map[string]any{"app": "item"}}, err: "status.selector"},
		"one with no sense":  {status: map[string]any{"selector": "app in item"}, err: "status.selector"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			scale := &unstructured.Unstructured{Object: map[string]any{}}
			if c.status != nil {
				scale.Object["status"] = c.status
			}
			got, err := selectorOf(scale)
			switch {
			case c.err == "" && (err != nil || got.String() != c.want):
				t.Errorf("selector = %v, %v; want %s", got, err, c.want)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("error %v, want one with %q", err, c.err)
			}
		})
	}
}
