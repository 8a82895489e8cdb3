package e2e

import (
	"os"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// shared is the stage of all tests.
var shared = scene.New("e2e", stage.Options{Cluster: cluster.Options{Nodes: 4}})

func TestMain(m *testing.M) { os.Exit(scene.Main(m, shared)) } //nolint:forbidigo // this is the program's main

// often is how far apart the looks of a watch are.
const often = 200 * time.Millisecond

// withConfig runs the adapter with another configuration until the end of the
// test, which must not be a parallel one.
func withConfig(t *testing.T, c stage.Config) {
	t.Helper()
	t.Setenv("CREST_E2E_SERIAL", "1") // panics in a parallel test
	shared.Configure(t, c)
}

// nearlyBalanced has a skew of 1.06, which lets the fallback shrink it and yet
// tells the Pod average from the maximum.
var nearlyBalanced = scene.Busy{"app": 62, "istio-proxy": 68}

const (
	nearlyMax     = 68
	nearlyAverage = 64
)

// unavailable waits for a 503 that says all of this.
func unavailable(t *testing.T, w stage.Workload, says ...string) {
	t.Helper()
	scene.AwaitAnswer(t, shared.Maximum(w), scene.Fails(503, says...))
}
