package live

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// deployed is where deploy/ installs Crest.
const deployed = "crest-system"

// As deploy/README.md says: what is the user's stands beside the manifests, and "kubectl apply -k" does the rest.
func TestThePlainManifestsInstallCrest(t *testing.T) {
	shared.Open(t)
	if err := shared.PrepareRelease(t.Context(), deployed); err != nil {
		t.Fatal(err)
	}
	mine := overlay(t)
	t.Cleanup(func() { remove(t, mine) })
	kubectl(t, "apply", "--server-side", "--force-conflicts", "--kustomize", mine)
	kubectl(t, "rollout", "status", "deployment/crest", "--namespace", deployed, "--timeout", "2m")
	awaitAPI(t)

	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 2}
	shared.Serve(t, w, scene.Busy{"istio-proxy": 70, "app": 36})
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 10})
	shared.SetLoad(t, w, 4)
	shared.AwaitReplicas(t, w, 4, 4)
}

// remove is what deploy/README.md says at its end.
func remove(t *testing.T, mine string) {
	t.Helper()
	ctx := context.Background() // that of the test has ended
	for _, args := range [][]string{
		{"delete", "apiservice", apiService, "--ignore-not-found"},
		{"delete", "--kustomize", mine, "--ignore-not-found", "--timeout", "1m"},
	} {
		if _, err := shared.Cluster.Kubectl(ctx, args...); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	}
}

func kubectl(t *testing.T, args ...string) {
	t.Helper()
	if _, err := shared.Cluster.Kubectl(t.Context(), args...); err != nil {
		t.Fatal(err)
	}
}

// overlay is a directory with what is the user's: the configuration; and with the addresses, because
// every Pod of this machine has one of its own.
func overlay(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	deploy, err := filepath.Abs("../../../deploy")
	if err != nil {
		t.Fatal(err)
	}
	base, err := filepath.Rel(dir, deploy)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"kustomization.yaml": fmt.Sprintf(kustomization, base),
		"configmap.yaml":     userConfiguration(t, filepath.Join(deploy, "configmap.yaml")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const kustomization = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [%s]
patches:
- path: configmap.yaml
- target: {kind: Deployment, name: crest}
  patch: |
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: --bind-address=$(POD_IP)}
    - op: add
      path: /spec/template/spec/containers/0/env
      value: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
`

// userConfiguration is the ConfigMap of deploy/ with the stage's intervals and its Datadog.
func userConfiguration(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	var configuration map[string]any
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	data, _ := object["data"].(map[string]any)
	given, _ := data["config.yaml"].(string)
	if err := yaml.Unmarshal([]byte(given), &configuration); err != nil {
		t.Fatal(err)
	}
	of, _ := shared.Values(stage.Config{})["config"].(map[string]any)
	for key, section := range of {
		below, is := configuration[key].(map[string]any)
		above, too := section.(map[string]any)
		if !is || !too {
			configuration[key] = section
			continue
		}
		maps.Copy(below, above)
	}
	datadog, _ := configuration["datadog"].(map[string]any)
	datadog["clusterName"] = stage.ClusterName
	changed, err := yaml.Marshal(configuration)
	if err != nil {
		t.Fatal(err)
	}
	data["config.yaml"] = string(changed)
	text, err = yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
