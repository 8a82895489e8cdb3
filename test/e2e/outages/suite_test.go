// Package outages takes away what the adapter stands on: the API server, etcd,
// its permissions, its process, the objects that it follows. All of it is
// there once in a cluster, so the package has a cluster of its own, and its
// tests run one after another.
package outages

import (
	"os"
	"testing"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// patient has the maxAge of the defaults: an API server takes as long to come
// back here as anywhere, and so do informers.
var patient = stage.Config{Datadog: map[string]any{"maxAge": "3m"}}

// shared is the stage of all tests.
var shared = scene.New("outage", stage.Options{Config: patient})

func TestMain(m *testing.M) { os.Exit(scene.Main(m, shared)) } //nolint:forbidigo // this is the program's main

// refusing is a Datadog that nobody can connect to.
var refusing = datadogsim.Fault{Kind: datadogsim.Refuse}

// atTarget is a Pod that an HPA with target 70 leaves alone. Its average is 43 %.
var atTarget = scene.Busy{"istio-proxy": 70, "app": 30}

// serve creates the workload, its load, and an HPA with target 70, and waits
// until Datadog's answer is the hottest container's.
func serve(t *testing.T, w stage.Workload, b scene.Busy, hottest string) stage.HPA {
	t.Helper()
	shared.Create(t, w, b)
	h := stage.HPA{For: w, Min: 2, Max: 12}
	shared.Scale(t, h)
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", hottest, b[hottest]))
	return h
}

// reads wants a value of a container as a source measured it, give or take two
// percent points.
func reads(source, container string, value float64) scene.Want {
	return scene.All(scene.Reads(source, value, 2), scene.Of(container), scene.AsMeasured)
}

// held wants the target from metrics-server, for a reason.
func held(reason string) scene.Want {
	return scene.All(scene.Reads("metrics-server", 70, 0), scene.Because("held", reason))
}
