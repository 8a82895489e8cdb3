package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

func TestAStartInTheMiddleOfAnOutageShrinksNothing(t *testing.T) {
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 10}
	shared.Serve(t, w, nearlyBalanced)
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 12})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", nearlyMax, 2))
	shared.AwaitFallback(t, w)

	shared.Strike(t, datadogsim.Fault{Kind: datadogsim.Refuse})
	withConfig(t, stage.Config{})
	seen := scene.Watch(t, often, shared.Maximum(w))
	shared.SetLoad(t, w, 3)
	const average = nearlyAverage * 3 / 10.
	scene.AwaitAnswer(t, shared.Maximum(w), scene.All(scene.Reads("metrics-server", 70, 0), scene.Adjusted("held", "Starting", average, 2)))
	// Then what it would need to know to shrink it, the skew, it has not learned.
	scene.AwaitAnswer(t, shared.Maximum(w), scene.All(scene.Reads("metrics-server", 70, 0), scene.Adjusted("held", "FallbackScaleDown", average, 2)))
	shared.KeepsReplicas(t, w, 10)

	shared.Heal(t)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog"))
	shared.AwaitReplicas(t, w, 3, 4)
	scene.WantSources(t, seen, "metrics-server", "datadog")
}

func TestWithoutDatadogMetricsServerAloneScales(t *testing.T) {
	withConfig(t, stage.Config{Datadog: map[string]any{"enabled": false}})
	asked := shared.Datadog.Total()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	shared.Serve(t, w, skewed)
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 20})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.All(scene.Reads("metrics-server", 70, 2), ofContainer("istio-proxy")))
	seen := scene.Watch(t, often, shared.Maximum(w))
	shared.SetLoad(t, w, 9.8)
	shared.AwaitReplicas(t, w, 9, 10) // the HPA tolerates a tenth
	shared.SetLoad(t, w, 2.8)
	shared.AwaitReplicas(t, w, 3, 3)
	scene.WantSources(t, seen, "metrics-server")
	if total := shared.Datadog.Total(); total != asked {
		t.Errorf("Datadog was asked %d times though it is disabled", total-asked)
	}

	shared.Blind(t)
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
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 2}
	shared.Serve(t, w, nearlyBalanced)
	shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 8})
	scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog"))
	shared.AwaitFallback(t, w)
	seen, pid := scene.Watch(t, often, shared.Maximum(w)), shared.Adapter.Pid()

	const revoked = "a-key-that-was-revoked"
	write(api, revoked)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.From("metrics-server"))
	shared.AwaitEvent(t, w.Namespace, w.Name, "DatadogFailing", "answered 403", "a key is wrong")
	write(api, stage.APIKey)
	scene.AwaitAnswer(t, shared.Maximum(w), scene.From("datadog"))
	scene.WantSources(t, seen, "datadog", "metrics-server", "datadog")
	if shared.Adapter.Pid() != pid {
		t.Error("the adapter has been restarted")
	}
	for _, key := range []string{stage.APIKey, stage.AppKey, revoked} {
		if strings.Contains(shared.Adapter.Logs(), key) {
			t.Errorf("the log holds the key %q", key)
		}
	}
}
