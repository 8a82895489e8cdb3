package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/crest-hpa/crest/pkg/config"
)

// TestTheConfigMapToInstallHoldsAConfiguration reads what deploy/configmap.yaml
// would mount, by the path that the Deployment gives to --config.
func TestTheConfigMapToInstallHoldsAConfiguration(t *testing.T) {
	var manifest struct {
		Kind string            `yaml:"kind"`
		Data map[string]string `yaml:"data"`
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "configmap.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Kind != "ConfigMap" || len(manifest.Data) != 1 {
		t.Fatalf("got a %s of %d files", manifest.Kind, len(manifest.Data))
	}
	c := parse(t, manifest.Data["config.yaml"])
	if c.Datadog.APIKeyFile != "/etc/crest-datadog/api-key" || c.Datadog.AppKeyFile != "/etc/crest-datadog/app-key" {
		t.Errorf("the keys are read from %q and %q, which the Deployment does not mount", c.Datadog.APIKeyFile, c.Datadog.AppKeyFile)
	}
}

// TestConfigurationsInTheDocumentsAreRight reads each block of YAML in each
// document that says it is a configuration of the adapter.
func TestConfigurationsInTheDocumentsAreRight(t *testing.T) {
	found := 0
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range blocks(string(text)) {
			if !strings.Contains(block, "kind: "+config.Kind) {
				continue
			}
			found++
			if _, err := config.Parse([]byte(block)); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if found == 0 {
		t.Error("no document holds a configuration: is docs/configuration.md still there?")
	}
}

// documents are the pages of Markdown of the repository, but for the harness's.
func documents(t *testing.T) []string {
	t.Helper()
	root := filepath.Join("..", "..")
	pages, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"docs", "deploy"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if filepath.Ext(path) == ".md" {
				pages = append(pages, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return pages
}

// blocks are the blocks of YAML of a page.
func blocks(page string) []string {
	var found []string
	for {
		_, rest, opened := strings.Cut(page, "```yaml\n")
		block, after, closed := strings.Cut(rest, "```")
		if !opened || !closed {
			return found
		}
		found, page = append(found, block), after
	}
}
