package e2e

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// The HPA's own way to follow the hottest container is one ContainerResource
// metric for each. Where both sources are well, Crest must not differ from it.
func TestReplicasAreThoseOfAnHPAWithOneContainerResourceMetricForEachContainer(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("the seed of the loads is %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	between := func(low, high float64) float64 { return low + random.Float64()*(high-low) }

	ns := shared.Namespace(t)
	ours := stage.Workload{Namespace: ns, Name: "ours", Replicas: 3}
	theirs := stage.Workload{Namespace: ns, Name: "theirs", Replicas: 3}
	b := scene.Busy{"istio-proxy": between(30, 100), "app": between(30, 100)}
	t.Logf("a Pod's share of the load costs %v", b)
	shared.Serve(t, ours, b)
	shared.Serve(t, theirs, b)
	shared.Scale(t, stage.HPA{For: ours, Min: 1, Max: 12})
	shared.Scale(t, stage.HPA{For: theirs, Min: 1, Max: 12, Metrics: []autoscalingv2.MetricSpec{
		containerResource("app"), containerResource("istio-proxy"),
	}})
	hottest := max(b["istio-proxy"], b["app"])
	for range 4 {
		pods := between(1, 9)
		load := pods * 70 / hottest
		t.Logf("a load for %.1f Pods", pods)
		shared.SetLoad(t, ours, load)
		shared.SetLoad(t, theirs, load)
		var a, c int
		agree := func() error {
			a, c = shared.Truth(t, ours).Serving, shared.Truth(t, theirs).Serving
			if a-c > 1 || c-a > 1 {
				return fmt.Errorf("%d replicas with Crest, %d with ContainerResource", a, c)
			}
			return nil
		}
		scene.Eventually(t, "both HPAs are at rest, and agree", func() error {
			if err := atRest(t, ours); err != nil {
				return err
			}
			if err := atRest(t, theirs); err != nil {
				return err
			}
			return agree()
		})
		scene.Consistently(t, calm, "they agree", agree)
		t.Logf("%d replicas with Crest, %d with ContainerResource", a, c)
	}
}

// containerResource is a target of 70 % for one container.
func containerResource(container string) autoscalingv2.MetricSpec {
	percent := int32(70)
	return autoscalingv2.MetricSpec{
		Type: autoscalingv2.ContainerResourceMetricSourceType,
		ContainerResource: &autoscalingv2.ContainerResourceMetricSource{
			Name: corev1.ResourceCPU, Container: container,
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent},
		},
	}
}

// atRest says whether an HPA with target 70 that sees the truth would leave
// the workload alone.
func atRest(t *testing.T, w stage.Workload) error {
	t.Helper()
	now := shared.Truth(t, w)
	ratio := float64(now.Max) / 70
	wanted := max(1, int(math.Ceil(ratio*float64(now.Serving))))
	if now.Pods == now.Serving && (wanted == now.Serving || math.Abs(ratio-1) <= 0.1) {
		return nil
	}
	return fmt.Errorf("%s is at %.1f %% with %d of %d Pods serving", w.Name, now.Max, now.Serving, now.Pods)
}
