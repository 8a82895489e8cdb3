package scale

import (
	"errors"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// deployment is the manifest that says how Crest is run, from the harness's module.
const deployment = "../deploy/deployment.yaml"

// deployedEnv is what the manifest tells Go's runtime, as GOGC=… and GOMEMLIMIT=…; nothing where it leaves both alone.
func deployedEnv() ([]string, error) {
	text, err := os.ReadFile(deployment)
	if err != nil {
		return nil, fmt.Errorf("reading how Crest is deployed (benchmarks run in test/): %w", err)
	}
	return runtimeEnv(text)
}

// runtimeEnv reads a manifest. A limit of the container's own is written out, as the kubelet does.
func runtimeEnv(manifest []byte) ([]string, error) {
	var d appsv1.Deployment
	if err := yaml.Unmarshal(manifest, &d); err != nil {
		return nil, fmt.Errorf("reading how Crest is deployed: %w", err)
	}
	if len(d.Spec.Template.Spec.Containers) == 0 {
		return nil, errors.New("reading how Crest is deployed: the Deployment has no container")
	}
	c := d.Spec.Template.Spec.Containers[0]
	var env []string
	for _, e := range c.Env {
		if e.Name != "GOGC" && e.Name != "GOMEMLIMIT" {
			continue
		}
		value := e.Value
		if from := e.ValueFrom; from != nil && from.ResourceFieldRef != nil {
			if from.ResourceFieldRef.Resource != "limits.memory" {
				return nil, fmt.Errorf("reading how Crest is deployed: %s is from %s, want limits.memory", e.Name, from.ResourceFieldRef.Resource)
			}
			value = fmt.Sprint(c.Resources.Limits.Memory().Value())
		}
		env = append(env, e.Name+"="+value)
	}
	return env, nil
}
