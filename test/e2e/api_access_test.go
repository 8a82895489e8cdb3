package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

func TestAMetricIsReadByThoseWhoMayViewItsNamespaceAndByNobodyElse(t *testing.T) {
	t.Parallel()
	mine := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 1}
	theirs := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 1}
	for _, w := range []stage.Workload{mine, theirs} {
		shared.Serve(t, w, scene.Busy{"istio-proxy": 50, "app": 20})
		shared.Scale(t, stage.HPA{For: w, Min: 1, Max: 3})
		scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog"))
	}
	stranger := account(t, mine.Namespace, "stranger")
	viewer := account(t, mine.Namespace, "viewer")
	apply(t, fmt.Sprintf(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {namespace: %[1]s, name: viewer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, namespace: %[1]s, name: viewer}]
`, mine.Namespace))

	path := func(w stage.Workload, metric string) string { return stage.Path(w.Namespace, metric, w.Selector()) }
	for _, metric := range []string{stage.Max, stage.Containers, stage.PodAverage} {
		scene.Eventually(t, "who may view the namespace may read", func() error {
			if got := get(t, caller(viewer), path(mine, metric), nil); got.code != http.StatusOK {
				return fmt.Errorf("who may view the namespace gets %d %s", got.code, got.message())
			}
			return nil
		})
		if got := get(t, caller(viewer), path(theirs, metric), nil); got.code != http.StatusForbidden {
			t.Errorf("who may view another namespace reads %s: %d %s", metric, got.code, got.body)
		}
		if got := get(t, caller(stranger), path(mine, metric), nil); got.code != http.StatusForbidden {
			t.Errorf("who may view nothing reads %s: %d %s", metric, got.code, got.body)
		}
	}
}

// Past the API server stands only the adapter's own guard.
func TestNobodyReadsWithoutAnIdentity(t *testing.T) {
	t.Parallel()
	path := stage.Path("default", stage.Max, "deployment=item")
	forged := map[string]string{"X-Remote-User": "admin", "X-Remote-Group": "system:masters"}
	for name, got := range map[string]response{
		"without a token, through the API server":          get(t, caller(""), path, nil),
		"with a token of nobody, through the API server":   get(t, caller("nobody"), path, nil),
		"without a token, at the adapter":                  get(t, shared.Adapter.RESTConfig(""), path, nil),
		"with a token of nobody, at the adapter":           get(t, shared.Adapter.RESTConfig("nobody"), path, nil),
		"with the words of an API server, at the adapter":  get(t, shared.Adapter.RESTConfig(""), path, forged),
		"without a token, the metrics of the adapter":      get(t, shared.Adapter.RESTConfig(""), "/metrics", nil),
		"with the words of an API server, the own metrics": get(t, shared.Adapter.RESTConfig(""), "/metrics", forged),
	} {
		if got.code != http.StatusUnauthorized && got.code != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, got.code, got.body)
		}
	}
}
