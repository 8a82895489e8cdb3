package live

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// As docs/install.md says, under "Clusters that forbid RoleBindings in kube-system".
func TestCrestAnswersWithoutARoleBindingInKubeSystem(t *testing.T) {
	r := newRelease(t)
	frontProxy := copyFrontProxy(t, r.namespace)
	r.values["rbac"] = map[string]any{"authReader": false}
	r.values["extraArgs"] = []string{
		"--authentication-skip-lookup",
		"--requestheader-client-ca-file=/etc/front-proxy/ca.crt",
		"--requestheader-allowed-names=" + strings.Join(frontProxy, ","),
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
	}
	r.values["extraVolumes"] = []any{map[string]any{"name": "front-proxy", "configMap": map[string]any{"name": "front-proxy-ca"}}}
	r.values["extraVolumeMounts"] = []any{map[string]any{"name": "front-proxy", "mountPath": "/etc/front-proxy", "readOnly": true}}
	r.install(t)

	_, err := shared.Cluster.Client().RbacV1().RoleBindings("kube-system").Get(t.Context(), "crest-auth-reader", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("the RoleBinding in kube-system: %v", err)
	}
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 2}
	shared.Serve(t, w, scene.Busy{"istio-proxy": 70, "app": 36})
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 10})
	shared.SetLoad(t, w, 4)
	shared.AwaitReplicas(t, w, 4, 4)
}

// copyFrontProxy copies into a namespace by which CA kube-apiserver proves who it is, and returns the names that it has then.
func copyFrontProxy(t *testing.T, namespace string) (names []string) {
	t.Helper()
	client := shared.Cluster.Client().CoreV1()
	original, err := client.ConfigMaps("kube-system").Get(t.Context(), "extension-apiserver-authentication", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ca, err := json.Marshal(original.Data["requestheader-client-ca-file"])
	if err != nil {
		t.Fatal(err)
	}
	manifest := fmt.Appendf(nil, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: front-proxy-ca, namespace: %s}\ndata: {ca.crt: %s}\n", namespace, ca)
	if err := shared.Cluster.Apply(t.Context(), manifest); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(original.Data["requestheader-allowed-names"]), &names); err != nil {
		t.Fatal(err)
	}
	return names
}
