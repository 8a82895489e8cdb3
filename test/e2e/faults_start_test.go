package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
)

func TestAStartInTheMiddleOfAnOutageShrinksNothing(t *testing.T) {
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 10}
	serve(t, w, nearlyBalanced)
	scale(t, stage.HPA{For: w, Min: 2, Max: 12})
	awaitAnswer(t, w, reads("datadog", nearlyMax, 2))
	awaitFallback(t, w)

	strike(t, datadogsim.Fault{Kind: datadogsim.Refuse})
	withConfig(t, stage.Config{})
	seen := watch(t, w)
	setLoad(t, w, 3)
	const average = nearlyAverage * 3 / 10.
	awaitAnswer(t, w, all(reads("metrics-server", 70, 0), adjusted("held", "Starting", average, 2)))
	// Then what it would need to know to shrink it, the skew, it has not learned.
	awaitAnswer(t, w, all(reads("metrics-server", 70, 0), adjusted("held", "FallbackScaleDown", average, 2)))
	keepsReplicas(t, w, 10)

	heal(t)
	awaitAnswer(t, w, from("datadog"))
	eventually(t, patience, func() error { return between(t, w, 3, 4) })
	wantSources(t, seen, "metrics-server", "datadog")
}

func TestWithoutDatadogMetricsServerAloneScales(t *testing.T) {
	withConfig(t, stage.Config{Datadog: map[string]any{"enabled": false}})
	asked := shared.Datadog.Total()
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	serve(t, w, skewed)
	scale(t, stage.HPA{For: w, Min: 2, Max: 20})
	awaitAnswer(t, w, all(reads("metrics-server", 70, 2), ofContainer("istio-proxy")))
	seen := watch(t, w)
	setLoad(t, w, 9.8)
	eventually(t, patience, func() error { return between(t, w, 9, 10) }) // the HPA tolerates a tenth
	setLoad(t, w, 2.8)
	eventually(t, patience, func() error { return between(t, w, 3, 3) })
	wantSources(t, seen, "metrics-server")
	if total := shared.Datadog.Total(); total != asked {
		t.Errorf("Datadog was asked %d times though it is disabled", total-asked)
	}

	blind(t)
	unavailable(t, w, "datadog: disabled (datadog.enabled)", "metrics-server: ", "0 of 3 Ready Pods have usable metrics")
}

func TestKeysAreReadAnewFromTheirFiles(t *testing.T) {
	dir := t.TempDir()
	api, app := filepath.Join(dir, "api"), filepath.Join(dir, "app")
	write := func(file, key string) {
		if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(api, stage.APIKey)
	write(app, stage.AppKey)
	withConfig(t, stage.Config{Datadog: map[string]any{"apiKeyFile": api, "appKeyFile": app}})
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 2}
	serve(t, w, nearlyBalanced)
	scale(t, stage.HPA{For: w, Min: 2, Max: 8})
	awaitAnswer(t, w, from("datadog"))
	awaitFallback(t, w)
	seen, pid := watch(t, w), shared.Adapter.Pid()

	const revoked = "a-key-that-was-revoked"
	write(api, revoked)
	awaitAnswer(t, w, from("metrics-server"))
	awaitEvent(t, w.Namespace, w.Name, "DatadogFailing", "answered 403", "a key is wrong")
	write(api, stage.APIKey)
	awaitAnswer(t, w, from("datadog"))
	wantSources(t, seen, "datadog", "metrics-server", "datadog")
	if shared.Adapter.Pid() != pid {
		t.Error("the adapter has been restarted")
	}
	for _, key := range []string{stage.APIKey, stage.AppKey, revoked} {
		if strings.Contains(shared.Adapter.Logs(), key) {
			t.Errorf("the log holds the key %q", key)
		}
	}
}
