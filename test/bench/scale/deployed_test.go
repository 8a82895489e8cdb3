package scale

import (
	"fmt"
	"slices"
	"testing"
)

func TestTheAdapterRunsWithTheRuntimeSettingsOfItsManifest(t *testing.T) {
	const manifest = `
spec:
  template:
    spec:
      containers:
      - name: crest
        resources: {limits: {memory: 1Gi}}
        env: %s
`
	for name, c := range map[string]struct {
		env  string
		want []string
	}{
		"none are left to Go":               {`[{name: DD_SITE, value: datadoghq.eu}]`, nil},
		"a value is taken as it is":         {`[{name: GOGC, value: "75"}]`, []string{"GOGC=75"}},
		"a limit of the container is bytes": {`[{name: GOMEMLIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}]`, []string{"GOMEMLIMIT=1073741824"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := runtimeEnv(fmt.Appendf(nil, manifest, c.env))
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
		})
	}
}
