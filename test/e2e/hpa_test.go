package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// sidecar is an app with istio-proxy as a native sidecar.
var sidecar = []stage.Container{{Name: "istio-proxy", CPU: "100m", Native: true}, {Name: "app", CPU: "200m"}}

// calm is how long replicas must stay what they are: some syncs of the HPA.
const calm = 5 * time.Second

func TestAnHPAFollowsTheHottestContainerOf(t *testing.T) {
	for name, w := range map[string]stage.Workload{
		"a Deployment whose Pod average is under the target": {Name: "item"},
		"a Deployment with a native sidecar":                 {Name: "item", Containers: sidecar},
		"a StatefulSet":                                      {Name: "item", Kind: "StatefulSet"},
		"an Argo Rollout":                                    {Name: "item", Kind: "Rollout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.Namespace, w.Replicas = shared.Namespace(t), 4
			shared.Serve(t, w, scene.Busy{"istio-proxy": 90, "app": 20})
			if average := shared.Truth(t, w).PodAverage; average >= 70 {
				t.Fatalf("the Pod average is %.1f, which any HPA would follow", average)
			}

			// The HPA may not do anything at first, so that what it sees can be looked at.
			shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 4})
			awaitTarget(t, w.Namespace, "item", 90)
			a := scene.AwaitAnswer(t, shared.Maximum(w), scene.Reads("datadog", 90, 1))
			if got := a.Label("container"); got != "istio-proxy" {
				t.Errorf("the hottest container is %q", got)
			}

			shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 12})
			shared.AwaitServing(t, w, 6) // 4 · 90 / 70, rounded up
			stays(t, w, 6)
		})
	}
}

// targets is what kubectl get hpa shows of a value and its target.
var targets = regexp.MustCompile(`\s(\S+)/70\s`)

// awaitTarget waits until kubectl shows the percent against the target 70.
func awaitTarget(t *testing.T, namespace, name string, percent float64) {
	t.Helper()
	scene.Eventually(t, "kubectl shows what the HPA reads", func() error {
		out, err := shared.Cluster.Kubectl(t.Context(), "get", "hpa", name, "--namespace="+namespace)
		if err != nil {
			return err
		}
		found := targets.FindStringSubmatch(out)
		if found == nil {
			return fmt.Errorf("there is no percent against the target 70 in\n%s", out)
		}
		shown, err := resource.ParseQuantity(found[1])
		if err != nil {
			return fmt.Errorf("%w in\n%s", err, out)
		}
		return scene.Within("what kubectl shows", shown.AsApproximateFloat64(), percent, 1)
	})
}

// stays watches that the number of Pods does not change.
func stays(t *testing.T, w stage.Workload, pods int) {
	t.Helper()
	scene.Consistently(t, calm, "the Pods stay as many", func() error {
		if now := shared.Truth(t, w).Pods; now != pods {
			return fmt.Errorf("%s has %d Pods, want %d", w.Name, now, pods)
		}
		return nil
	})
}

func TestTwoHPAsOnDeploymentsOfOneNameFollowEachItsOwn(t *testing.T) {
	t.Parallel()
	hot := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 3}
	cool := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 3}
	shared.Serve(t, hot, scene.Busy{"istio-proxy": 110, "app": 20})
	shared.Serve(t, cool, scene.Busy{"istio-proxy": 40, "app": 20})
	for _, w := range []stage.Workload{hot, cool} {
		shared.Scale(t, stage.HPA{For: w, Min: 1, Max: 12})
	}
	shared.AwaitServing(t, hot, 5)
	shared.AwaitServing(t, cool, 2)
	stays(t, hot, 5)
	stays(t, cool, 2)
	awaitTarget(t, hot.Namespace, "item", 66)
	awaitTarget(t, cool.Namespace, "item", 60)
}

func TestAnHPACanNameItselfInItsSelector(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: strings.Repeat("long-", 14) + "name", Replicas: 4}
	shared.Serve(t, w, scene.Busy{"istio-proxy": 90, "app": 20})
	shared.Scale(t, stage.HPA{For: w, Name: "item", Selector: "hpa=item", Min: 2, Max: 12})
	shared.AwaitServing(t, w, 6)
	a := shared.Read(t.Context(), w.Namespace, stage.Max, "hpa=item")
	if got := a.Label("deployment"); got != w.Name {
		t.Errorf("the answer is about %q, want the workload that the HPA scales: %s", got, a)
	}
}

func TestAnHPAFollowsTheContainersThatItsSelectorPicks(t *testing.T) {
	t.Parallel()
	ns := shared.Namespace(t)
	workload := func(name string) stage.Workload {
		return stage.Workload{Namespace: ns, Name: name, Replicas: 3, Containers: []stage.Container{
			{Name: "app", CPU: "200m"}, {Name: "istio-proxy", CPU: "100m"}, {Name: "batch", CPU: "100m"},
		}}
	}
	picks := map[string]struct {
		containers, hottest string
		value               float64
		pods                int
	}{
		"all":   {"", "batch", 66.7, 9}, // 3 Pods at 200 %
		"in":    {",container in (app,istio-proxy)", "istio-proxy", 65, 3},
		"notin": {",container notin (batch)", "istio-proxy", 65, 3},
		"one":   {",container=app", "app", 70, 3},
	}
	for name, pick := range picks {
		w := workload(name)
		b := scene.Busy{"istio-proxy": 65, "app": 20, "batch": 200}
		if name == "one" {
			b["app"], b["istio-proxy"] = 70, 200
		}
		shared.Serve(t, w, b)
		shared.Scale(t, stage.HPA{For: w, Selector: w.Selector() + pick.containers, Min: 1, Max: 12})
	}
	for name, pick := range picks {
		w := workload(name)
		shared.AwaitServing(t, w, pick.pods)
		scene.Eventually(t, "the hottest of the containers answers", func() error {
			a := shared.Read(t.Context(), ns, stage.Max, w.Selector()+pick.containers)
			if a.Label("container") != pick.hottest {
				return fmt.Errorf("want %s: %s", pick.hottest, a)
			}
			return scene.Reads("datadog", pick.value, 1)(a)
		})
	}
	scene.Consistently(t, calm, "the Pods of each stay as many", func() error {
		for name, pick := range picks {
			if now := shared.Truth(t, workload(name)).Pods; now != pick.pods {
				return fmt.Errorf("%s has %d Pods, want %d", name, now, pick.pods)
			}
		}
		return nil
	})
}
