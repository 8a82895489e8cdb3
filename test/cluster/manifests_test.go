package cluster_test

import (
	"path/filepath"
	"testing"
)

// Those too that the harness does not install, the Deployment and its configuration: the API
// server knows each field, and the Pods keep to the namespace's security standard.
func TestTheAPIServerTakesEachManifestWithoutAWarning(t *testing.T) {
	c := shared(t)
	if err := c.ApplyManifests(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := c.Kubectl(t.Context(), "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--warnings-as-errors",
		"--kustomize", filepath.Join("..", "..", "deploy"))
	if err != nil {
		t.Error(err)
	}
}
