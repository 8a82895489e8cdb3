package chart_test

import (
	"maps"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/crest-hpa/crest/test/chart"
)

// A Deployment's selector can never be changed: a label in it would be there for ever.
func TestCommonLabelsAreOnAllObjectsAndInNoSelector(t *testing.T) {
	everyRelease(t, func(t *testing.T, _ string, r chart.Release) {
		r.Values = over(r.Values, map[string]any{"commonLabels": map[string]any{"common": "label"}, "extraObjects": []any{}})
		for _, o := range objects(t, r) {
			if o.GetLabels()["common"] != "label" {
				t.Errorf("%s %s lacks the label", o.GetKind(), o.GetName())
			}
			for _, selector := range selectors(o) {
				if _, has := selector["common"]; has {
					t.Errorf("the selector of %s %s has the label: %v", o.GetKind(), o.GetName(), selector)
				}
			}
		}
	})
}

// selectors are those of a Deployment, a Service, a PodDisruptionBudget.
func selectors(o *unstructured.Unstructured) (found []map[string]string) {
	for _, path := range [][]string{{"spec", "selector"}, {"spec", "selector", "matchLabels"}} {
		if selector, has, err := unstructured.NestedStringMap(o.Object, path...); has && err == nil {
			found = append(found, selector)
		}
	}
	return found
}

func TestSelectorsFindThePodsOfTheAdapterAndNoHooks(t *testing.T) {
	everyRelease(t, func(t *testing.T, _ string, r chart.Release) {
		all := objects(t, r)
		name := fullname(t, r)
		var deployment appsv1.Deployment
		into(t, find(t, all, "Deployment", name), &deployment)
		var to corev1.Service
		into(t, find(t, all, "Service", name), &to)
		var budget policyv1.PodDisruptionBudget
		into(t, find(t, all, "PodDisruptionBudget", name), &budget)

		if !maps.Equal(to.Spec.Selector, deployment.Spec.Selector.MatchLabels) || !maps.Equal(to.Spec.Selector, budget.Spec.Selector.MatchLabels) {
			t.Errorf("the Service selects %v, the Deployment %v, the budget %v", to.Spec.Selector, deployment.Spec.Selector, budget.Spec.Selector)
		}
		selector := labels.SelectorFromSet(to.Spec.Selector)
		for _, o := range all {
			if meta, _, has := podOf(t, o); has && selector.Matches(labels.Set(meta.Labels)) != (o.GetKind() == "Deployment") {
				t.Errorf("the Service and the Pod of %s %s: %v", o.GetKind(), o.GetName(), meta.Labels)
			}
		}
	})
}

func TestNoSidecarIsInjected(t *testing.T) {
	everyRelease(t, func(t *testing.T, _ string, r chart.Release) {
		for _, o := range objects(t, r) {
			meta, _, has := podOf(t, o)
			if has && (meta.Labels["sidecar.istio.io/inject"] != "false" || meta.Annotations["sidecar.istio.io/inject"] != "false") {
				t.Errorf("%s %s: labels %v, annotations %v", o.GetKind(), o.GetName(), meta.Labels, meta.Annotations)
			}
		}
	})
}

// A new configuration makes new Pods; a new version of the chart alone does not.
func TestPodsAreReplacedWhenTheirConfigurationChanges(t *testing.T) {
	template := func(change map[string]any) metav1.ObjectMeta {
		r := chart.Release{Values: over(values(t, "minimal"), change), Namespace: "crest-system"}
		var d appsv1.Deployment
		into(t, find(t, objects(t, r), "Deployment", "crest"), &d)
		return d.Spec.Template.ObjectMeta
	}
	before := template(nil)
	after := template(map[string]any{"config": map[string]any{"shutdownDelay": "20s"}})
	if maps.Equal(before.Annotations, after.Annotations) {
		t.Error("the Pods stay as they are under a new configuration")
	}
	if keys := slices.Sorted(maps.Keys(before.Labels)); slices.Contains(keys, "helm.sh/chart") {
		t.Errorf("the chart's version is among the labels of the Pods: %v", keys)
	}
}
