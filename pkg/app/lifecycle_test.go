package app_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr/funcr"

	"github.com/crest-hpa/crest/pkg/app"
	"github.com/crest-hpa/crest/pkg/app/apptest"
	"github.com/crest-hpa/crest/pkg/provider"
)

func TestStoppingAnswersUntilTheShutdownDelayIsOver(t *testing.T) {
	a := start(t, options(t, shop(t).Kubeconfig, withoutDatadog))
	a.answering()
	before := app.Now()
	a.stop()
	a.eventually("become unready", func() bool { return a.get("", "/readyz").code != http.StatusOK })
	if got := a.metric(provider.MaxContainer, "deployment%3Ditem"); got.code != http.StatusOK {
		t.Errorf("an unready adapter must still answer: %d: %s", got.code, got.body)
	}
	if err := a.wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if took := app.Now().Sub(before); took < 1e9 {
		t.Errorf("it stopped after %s, before shutdownDelay was over", took)
	}
	if got := a.get("", "/readyz"); got.code != 0 {
		t.Errorf("it still answers: %d", got.code)
	}
}

func TestStartingWaitsForTheAPIServer(t *testing.T) {
	cluster := shop(t)
	cluster.SetAway(true)
	o := options(t, cluster.Kubeconfig, withoutDatadog)
	var said atomic.Pointer[string]
	o.Log = funcr.New(func(_, line string) {
		if strings.Contains(line, "waiting for the Kubernetes API server") {
			said.Store(&line)
		}
	}, funcr.Options{})
	a := start(t, o)
	a.eventually("say what it waits for", func() bool { return said.Load() != nil })
	if !strings.Contains(*said.Load(), "kube-system/extension-apiserver-authentication") {
		t.Errorf("the log does not say what for: %s", *said.Load())
	}
	if a.app.Addr() != nil {
		t.Error("it listens though it cannot answer")
	}
	cluster.SetAway(false)
	a.ready()
}

func TestStoppingWhileWaitingForTheAPIServerIsClean(t *testing.T) {
	cluster := shop(t)
	cluster.SetAway(true)
	a := start(t, options(t, cluster.Kubeconfig, withoutDatadog))
	if err := a.wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestTwoAdaptersLiveInOneProcess(t *testing.T) {
	cluster := shop(t)
	for range 2 {
		start(t, options(t, cluster.Kubeconfig, withoutDatadog)).ready()
	}
}

func TestCommand(t *testing.T) {
	directory := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kubeconfig := apptest.NewCluster(t, app.Now).Kubeconfig
	good := file("good.yaml", withoutDatadog)
	tests := map[string]struct {
		args []string
		exit int
		out  string
		err  []string
	}{
		"the version":                {[]string{"--version"}, 0, "crest-adapter v1.2.3\n", nil},
		"no configuration":           {nil, 2, "", []string{"--config is required"}},
		"a flag that does not exist": {[]string{"--colour"}, 2, "", []string{"unknown flag: --colour", "--help"}},
		"an argument":                {[]string{"start"}, 2, "", []string{`unexpected argument "start"`}},
		"a file that does not exist": {[]string{"--config", directory + "/none.yaml"}, 2, "", []string{"none.yaml"}},
		"every mistake of a configuration at once": {
			[]string{"--config", file("bad.yaml", "apiVersion: crest/v9\nkind: AdapterConfiguration\nfallback: {mode: Median, interval: 1}\n")},
			2, "",
			[]string{"bad.yaml", "\n  apiVersion: ", "\n  fallback.mode: ", "\n  fallback.interval: ", "\n  datadog.clusterName: "},
		},
		"keys that are missing": {
			[]string{"--config", file("keyless.yaml", withDatadog("http://127.0.0.1:1")), "--kubeconfig", kubeconfig},
			2, "",
			[]string{"DD_API_KEY", "DD_APP_KEY"},
		},
		"a certificate that Crest makes, and another one": {
			[]string{
				"--config", file("rotate.yaml", withoutDatadog+"certificate: {rotate: true, namespace: crest-system}\n"), "--kubeconfig", kubeconfig,
				"--tls-cert-file", "/tls/tls.crt", "--tls-private-key-file", "/tls/tls.key",
			},
			2, "",
			[]string{"certificate.rotate is true", "leave out --tls-cert-file"},
		},
		"help of a subcommand": {[]string{"check", "--help"}, 0, "", nil},
		"a check without an APIService": {
			[]string{"check", "--kubeconfig", kubeconfig, "--timeout=1s"},
			1, "",
			[]string{"the APIService v1beta1.external.metrics.k8s.io does not exist"},
		},
		"a check of half a name":    {[]string{"check", "--service=crest"}, 2, "", []string{"--namespace and --service belong together"}},
		"a check without time":      {[]string{"check", "--timeout=0s"}, 2, "", []string{"--timeout is 0s"}},
		"a check of an argument":    {[]string{"check", "crest"}, 2, "", []string{`unexpected argument "crest"`, "crest-adapter check --help"}},
		"a check with another flag": {[]string{"check", "--config=f"}, 2, "", []string{"unknown flag: --config", "crest-adapter check --help"}},
		"a check without a cluster": {[]string{"check"}, 2, "", []string{"--kubeconfig"}},
		"nothing to unregister": {
			[]string{"unregister", "--namespace=crest-system", "--service=crest", "--kubeconfig", kubeconfig},
			0,
			"nothing to do: the APIService v1beta1.external.metrics.k8s.io does not exist\n", nil,
		},
		"to unregister nobody": {[]string{"unregister", "--kubeconfig", kubeconfig}, 2, "", []string{"--namespace and --service are required"}},
		"no cluster":           {[]string{"--config", good}, 2, "", []string{"--kubeconfig"}},
		"a bad port":           {[]string{"--config", good, "--kubeconfig", kubeconfig, "--secure-port=70000"}, 2, "", []string{"--secure-port"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out, wrong strings.Builder
			c := exec.CommandContext(t.Context(), os.Args[0], test.args...)
			c.Env = append(os.Environ(), asAdapter+"=true", "DD_API_KEY=", "DD_APP_KEY=", "KUBERNETES_SERVICE_HOST=")
			c.Stdout, c.Stderr = &out, &wrong
			if err := c.Run(); err != nil && c.ProcessState == nil {
				t.Fatal(err)
			}
			if got := c.ProcessState.ExitCode(); got != test.exit {
				t.Errorf("exit code %d, want %d: %s", got, test.exit, &wrong)
			}
			if test.out != "" && out.String() != test.out {
				t.Errorf("printed %q, want %q", &out, test.out)
			}
			for _, part := range test.err {
				if !strings.Contains(wrong.String(), part) {
					t.Errorf("the error does not name %q: %s", part, &wrong)
				}
			}
		})
	}
}

func TestHelpNamesTheSubcommandsAndTheFlags(t *testing.T) {
	var out strings.Builder
	if err := app.Command(t.Context(), []string{"--help"}, "v1.2.3", &out); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"crest-adapter --config FILE", "crest-adapter check", "crest-adapter unregister", "--secure-port"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("it does not say %q", part)
		}
	}
}

func TestExitCodeTellsAFailureFromAMisuse(t *testing.T) {
	tests := map[string]struct {
		err  error
		want int
	}{
		"a clean stop":         {nil, 0},
		"a failure":            {errors.New("broken"), 1},
		"a deadline":           {context.DeadlineExceeded, 1},
		"a wrong way to start": {&app.UsageError{Err: errors.New("wrong")}, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := app.ExitCode(test.err); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
