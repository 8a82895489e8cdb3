package chart

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// deployNamespace is where the plain manifests install Crest.
const deployNamespace = "crest-system"

// Deploy renders the plain manifests: the files of deploy/ by their names, and kustomization.yaml, which
// lists them. What only Helm runs, its hooks and its notes, is not among them.
func Deploy() (map[string]string, error) {
	values, err := ReadValues(filepath.Join(deployDir, "values.yaml"))
	if err != nil {
		return nil, err
	}
	texts, err := Release{Values: values, Namespace: deployNamespace, Service: "kubectl"}.Render()
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for path, text := range texts {
		if path == "NOTES.txt" || filepath.Dir(path) == "tests" {
			continue
		}
		files[fileName(path)] = header + strings.TrimPrefix(text, "---\n")
	}
	files["kustomization.yaml"] = kustomization(slices.Sorted(maps.Keys(files)))
	return files, nil
}

const header = "# Rendered from charts/crest with values.yaml: change these, then \"make update-deploy\".\n"

// fileName is the file in deploy/ of a template. The one object that the values add is the namespace.
func fileName(template string) string {
	if template == "extraobjects.yaml" {
		return "namespace.yaml"
	}
	return template
}

func kustomization(files []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%sapiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n", header)
	for _, file := range files {
		fmt.Fprintf(&text, "- %s\n", file)
	}
	return text.String()
}
