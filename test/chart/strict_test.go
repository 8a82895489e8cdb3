package chart_test

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"github.com/crest-hpa/crest/test/chart"
)

// foreign are the API groups of others: their kinds are decoded in test/static, by types of their own.
var foreign = []string{"monitoring.coreos.com", "cert-manager.io", "cilium.io"}

// A misspelled or misplaced field, a string for a number, a doubled key: a real type takes none of them.
func TestEachObjectIsDecodedStrictly(t *testing.T) {
	decoder := strictDecoder(t)
	everyRelease(t, func(t *testing.T, _ string, r chart.Release) {
		for _, o := range objects(t, r) {
			if slices.Contains(foreign, o.GroupVersionKind().Group) {
				continue
			}
			text, err := o.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := decoder.Decode(text, nil, nil); err != nil {
				t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
			}
		}
	})
}

func strictDecoder(t *testing.T) runtime.Decoder {
	t.Helper()
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, apiregistration.AddToScheme} {
		if err := add(known); err != nil {
			t.Fatal(err)
		}
	}
	return serializer.NewCodecFactory(known, serializer.EnableStrict).UniversalDeserializer()
}
