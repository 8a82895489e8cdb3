package chart

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

// Where things are, from this directory.
const (
	chartDir  = "../../charts/crest"
	deployDir = "../../deploy"
)

// Release is what is rendered.
type Release struct {
	// Values are the user's.
	Values map[string]any
	// Namespace is the release's; its name is "crest".
	Namespace string
	// Upgrade renders it as an upgrade, not as an installation.
	Upgrade bool
	// Service is what manages the release; empty is Helm.
	Service string
	// Cluster answers the templates' lookups. Without it they find nothing, as with
	// "helm template" and Argo CD.
	Cluster engine.ClientProvider
}

// Render renders the templates to texts, by their file names below templates/. Those that render to
// nothing are left out. The error is the one that Helm prints.
func (r Release) Render() (map[string]string, error) {
	chrt, err := loader.LoadDir(chartDir)
	if err != nil {
		return nil, err
	}
	options := common.ReleaseOptions{Name: "crest", Namespace: r.Namespace, IsInstall: !r.Upgrade, IsUpgrade: r.Upgrade, Revision: 1}
	values, err := util.ToRenderValues(chrt, r.Values, options, nil)
	if err != nil {
		return nil, err
	}
	if r.Service != "" {
		release, _ := values["Release"].(map[string]any)
		release["Service"] = r.Service
	}
	rendered, err := r.render(chrt, values)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for path, text := range rendered {
		if text = strings.TrimSpace(text); text != "" {
			texts[strings.TrimPrefix(path, "crest/templates/")] = text + "\n"
		}
	}
	return texts, nil
}

func (r Release) render(chrt any, values common.Values) (map[string]string, error) {
	if r.Cluster != nil {
		return engine.RenderWithClientProvider(chrt, values, r.Cluster)
	}
	return engine.Render(chrt, values)
}

// Manifest is what Render rendered, but for the notes, as one stream in the order of the file names.
func Manifest(texts map[string]string) string {
	var all bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if name == "NOTES.txt" {
			continue
		}
		fmt.Fprintf(&all, "---\n# %s\n%s", name, strings.TrimPrefix(texts[name], "---\n"))
	}
	return all.String()
}

// ReadValues reads a file of values.
func ReadValues(path string) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return values, nil
}
