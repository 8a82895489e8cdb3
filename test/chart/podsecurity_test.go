package chart_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/crest-hpa/crest/test/chart"
)

// wanted is what the evaluation says of a release's Pods; of all others, that they are allowed.
var wanted = map[string]string{
	"host-network": "host namespaces (hostNetwork=true), hostPort (container \"crest\" uses hostPort 10270)",
}

func TestThePodsKeepToTheRestrictedStandard(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	everyRelease(t, func(t *testing.T, name string, r chart.Release) {
		pods := 0
		for _, o := range objects(t, r) {
			meta, spec, has := podOf(t, o)
			if !has {
				continue
			}
			pods++
			result := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, meta, spec))
			want := ""
			if o.GetKind() == "Deployment" {
				want = wanted[name]
			}
			if got := result.ForbiddenDetail(); result.Allowed != (want == "") || !result.Allowed && got != want {
				t.Errorf("%s %s: allowed: %t; %s", o.GetKind(), o.GetName(), result.Allowed, got)
			}
		}
		if pods == 0 {
			t.Error("no Pod was looked at")
		}
	})
}

// podOf is the Pod that an object is or makes.
func podOf(t *testing.T, o *unstructured.Unstructured) (meta *metav1.ObjectMeta, spec *corev1.PodSpec, has bool) {
	t.Helper()
	switch o.GetKind() {
	case "Deployment":
		var d appsv1.Deployment
		into(t, o, &d)
		return &d.Spec.Template.ObjectMeta, &d.Spec.Template.Spec, true
	case "Job":
		var j batchv1.Job
		into(t, o, &j)
		return &j.Spec.Template.ObjectMeta, &j.Spec.Template.Spec, true
	case "Pod":
		var p corev1.Pod
		into(t, o, &p)
		return &p.ObjectMeta, &p.Spec, true
	}
	return nil, nil, false
}

// into converts an object to its type.
func into(t *testing.T, o *unstructured.Unstructured, typed any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, typed); err != nil {
		t.Fatal(err)
	}
}
