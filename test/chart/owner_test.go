package chart_test

import (
	"testing"

	"helm.sh/helm/v4/pkg/engine"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"

	"github.com/crest-hpa/crest/test/chart"
)

// service is where an APIService leads, and the Helm release that made it.
type service struct{ Namespace, Name, Release string }

// owned is a cluster in which somebody serves external metrics, or nobody does.
type owned struct{ client dynamic.Interface }

func (o owned) GetClientFor(_, _ string) (dynamic.NamespaceableResourceInterface, bool, error) {
	return o.client.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}), false, nil
}

// owner is a cluster in which external metrics lead to one of the services, or to none.
func owner(t *testing.T, services ...service) engine.ClientProvider {
	t.Helper()
	var found []runtime.Object
	for _, s := range services {
		annotations := map[string]any{}
		if s.Release != "" {
			annotations["meta.helm.sh/release-name"], annotations["meta.helm.sh/release-namespace"] = s.Release, s.Namespace
		}
		found = append(found, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
			"metadata": map[string]any{"name": "v1beta1.external.metrics.k8s.io", "annotations": annotations},
			"spec":     map[string]any{"service": map[string]any{"namespace": s.Namespace, "name": s.Name}},
		}})
	}
	return owned{fake.NewSimpleDynamicClient(runtime.NewScheme(), found...)}
}

const keda = `The APIService v1beta1.external.metrics.k8s.io belongs to the Service keda/keda-operator-metrics-apiserver (Helm release keda in the namespace keda).
A cluster has one server of external metrics; with this one replaced, HPAs that use its metrics would get no answer.

Install Crest beside it, without registering it:
  helm install ... --set apiService.create=false

Or take over. Keep what is there, make room, and go on:
  kubectl get apiservice v1beta1.external.metrics.k8s.io -o yaml > external-metrics-before.yaml
  kubectl delete apiservice v1beta1.external.metrics.k8s.io
  helm install ...
and see to it that its owner does not register it again. To give it back:
  helm uninstall crest --namespace crest-system
  kubectl replace --force -f external-metrics-before.yaml
`

func TestAnAPIThatSomebodyElseServesIsNotStolen(t *testing.T) {
	r := chart.Release{Values: values(t, "minimal"), Namespace: "crest-system"}
	r.Cluster = owner(t, service{"keda", "keda-operator-metrics-apiserver", "keda"})
	t.Run("by an installation, which says whose it is and what to do", func(t *testing.T) {
		refused(t, r, keda)
	})
	t.Run("by an upgrade, when somebody took it over", func(t *testing.T) {
		r := r
		r.Upgrade = true
		refused(t, r, "  helm upgrade ... --set apiService.create=false\n")
	})
	t.Run("by a second release of Crest", func(t *testing.T) {
		r := r
		r.Cluster = owner(t, service{"other", "crest", ""})
		refused(t, r, "belongs to the Service other/crest.\n")
	})
}

func TestAnInstallationGoesOn(t *testing.T) {
	r := chart.Release{Values: values(t, "minimal"), Namespace: "crest-system"}
	for name, cluster := range map[string]engine.ClientProvider{
		"where nobody serves external metrics": owner(t),
		"where this release does already":      owner(t, service{"crest-system", "crest", "crest"}),
	} {
		t.Run(name, func(t *testing.T) {
			r := r
			r.Cluster = cluster
			render(t, r)
		})
	}
	t.Run("beside another server, without registering", func(t *testing.T) {
		r := chart.Release{Values: values(t, "unregistered"), Namespace: "crest-system", Cluster: owner(t, service{"keda", "keda", ""})}
		for _, o := range objects(t, r) {
			if o.GetKind() == "APIService" || o.GetKind() == "Job" {
				t.Errorf("%s %s is rendered", o.GetKind(), o.GetName())
			}
		}
	})
}
