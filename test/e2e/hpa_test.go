package e2e

import (
	"testing"

	"github.com/crest-hpa/crest/test/stage"
)

func TestAnHPAFollowsAHotSidecarWhileThePodAverageIsUnderTheTarget(t *testing.T) {
	w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
	serve(t, w, busy{"istio-proxy": 90, "app": 20})
	scale(t, stage.HPA{For: w, Min: 2, Max: 12})
	awaitServing(t, w, 6)
}
