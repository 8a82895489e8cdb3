package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/scene"
)

// owners are those who have the API in other clusters.
var owners = map[string]owner{
	"KEDA":                      {"keda", "keda-operator-metrics-apiserver", "keda"},
	"the Datadog Cluster Agent": {"datadog", "datadog-cluster-agent-metrics-api", "datadog"},
	"prometheus-adapter":        {"monitoring", "prometheus-adapter", ""},
}

// owner is a Service and, if it was installed by one, its Helm release.
type owner struct{ namespace, service, release string }

// register registers the API for the owner, until the end of the test.
func (o owner) register(t *testing.T) {
	t.Helper()
	annotations := ""
	if o.release != "" {
		annotations = fmt.Sprintf("meta.helm.sh/release-name: %s, meta.helm.sh/release-namespace: %s", o.release, o.namespace)
	}
	err := shared.Cluster.Apply(t.Context(), fmt.Appendf(nil, `
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: %s, annotations: {%s}}
spec:
  group: external.metrics.k8s.io
  version: v1beta1
  service: {namespace: %s, name: %s, port: 443}
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
`, apiService, annotations, o.namespace, o.service))
	if err != nil {
		t.Fatal(err)
	}
	unregister(t)
}

// redirect leads the API to the owner, and leaves the rest of the object as it is: to Helm it
// still looks like the release's.
func (o owner) redirect(t *testing.T) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec": {"service": {"namespace": %q, "name": %q}, "caBundle": null, "insecureSkipTLSVerify": true}}`, o.namespace, o.service)
	if _, err := shared.Cluster.Kubectl(t.Context(), "patch", "apiservice", apiService, "--type=merge", "--patch="+patch); err != nil {
		t.Fatal(err)
	}
	unregister(t)
}

// unregister removes the owner's APIService after the test.
func unregister(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		_, _ = shared.Cluster.Kubectl(context.Background(), "delete", "apiservice", apiService, "--ignore-not-found") // the test's context has ended
	})
}

// registered is an error unless the API is the owner's.
func (o owner) registered(t *testing.T) error {
	t.Helper()
	out, err := shared.Cluster.Kubectl(t.Context(), "get", "apiservice", apiService,
		"--output=jsonpath={.spec.service.namespace}/{.spec.service.name} {.spec.insecureSkipTLSVerify} {.spec.caBundle}")
	if want := o.namespace + "/" + o.service + " true "; err == nil && out != want {
		err = fmt.Errorf("the APIService is %q, want %q", out, want)
	}
	return err
}

func TestAnAPIOfSomebodyElseIsRefusedAndStaysTheirs(t *testing.T) {
	for name, o := range owners {
		t.Run(name, func(t *testing.T) {
			r := newRelease(t)
			o.register(t)
			_, err := r.helm(t, "install")
			if err == nil {
				t.Fatal("it was installed, and has taken the API from its owner")
			}
			names := o.namespace + "/" + o.service
			if o.release != "" {
				names += fmt.Sprintf(" (Helm release %s in the namespace %s)", o.release, o.namespace)
			}
			if err := scene.SaysAll(err.Error(), "belongs to the Service "+names+"."); err != nil {
				t.Error(err)
			}
			if err := o.registered(t); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestInstalledWithoutRegisteringItLeavesTheAPIToItsOwner(t *testing.T) {
	r, o := newRelease(t), owners["KEDA"]
	o.register(t)
	r.must(t, "install", "--set", "apiService.create=false", "--wait", "--timeout", "2m")
	if err := o.registered(t); err != nil {
		t.Error(err)
	}
	r.must(t, "uninstall", "--wait")
	if err := o.registered(t); err != nil {
		t.Error("after it was uninstalled: ", err)
	}
}

func TestAnAPIThatSomebodyTookMeanwhileSurvivesTheUninstallation(t *testing.T) {
	r, o := newRelease(t), owners["KEDA"]
	r.install(t)
	o.redirect(t)
	scene.Eventually(t, "Crest says that the API is not its own any more", func() error {
		text, err := r.log(t.Context())
		return errors.Join(err, scene.SaysAll(text, o.namespace+"/"+o.service))
	})
	r.must(t, "uninstall", "--wait")
	if err := o.registered(t); err != nil {
		t.Error(err)
	}
}

func TestTheAPIIsTakenOverAndGivenBackWithTheCommandsOfTheMessage(t *testing.T) {
	r, o := newRelease(t), owners["the Datadog Cluster Agent"]
	o.register(t)
	_, err := r.helm(t, "install")
	if err == nil {
		t.Fatal("it was installed, and has taken the API from its owner")
	}
	take, give := commands(t, err.Error())
	dir := t.TempDir()
	for _, line := range take {
		if !strings.HasPrefix(line, "helm install") { // it is meant as before, with all arguments
			shell(t, dir, line)
		}
	}
	r.install(t)
	r.must(t, "test")
	if err := o.registered(t); err == nil {
		t.Error("the API is not taken over")
	}
	for _, line := range give {
		shell(t, dir, line)
	}
	if err := o.registered(t); err != nil {
		t.Error("the API was not given back: ", err)
	}
}

// commands are those that the message prints for taking over, and for giving back.
func commands(t *testing.T, message string) (take, give []string) {
	t.Helper()
	_, taking, found := strings.Cut(message, "Or take over.")
	taking, giving, both := strings.Cut(taking, "To give it back:")
	if !found || !both {
		t.Fatalf("the message does not say how to take over and give back: %s", message)
	}
	take, give = indented(taking), indented(giving)
	if len(take) != 3 || len(give) != 2 {
		t.Fatalf("the commands are %q and %q", take, give)
	}
	return take, give
}

func indented(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if command, found := strings.CutPrefix(line, "  "); found {
			lines = append(lines, strings.TrimSpace(command))
		}
	}
	return lines
}

// shell runs a line as a user would, with the cluster's kubectl and helm.
func shell(t *testing.T, dir, line string) {
	t.Helper()
	bin, err := cluster.Build(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "sh", "-c", line)
	command.Dir = dir
	command.Env = []string{
		"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"HOME=" + dir, "KUBECONFIG=" + shared.Cluster.Kubeconfig(),
	}
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", line, err, bytes.TrimSpace(out))
	}
	t.Logf("%s: %s", line, bytes.TrimSpace(out))
}
