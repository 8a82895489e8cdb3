package large

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// group is how many workloads are made at a time.
const group = 10

// tenant is one workload of the namespace, and how busy it is.
type tenant struct {
	workload stage.Workload
	busy     scene.Busy
}

// fill makes all workloads of the namespace, each with an HPA and as busy as no
// other, and waits until their Pods are Ready. All are near the target, for none
// is to scale; nor may the average alone shrink one.
func fill(t *testing.T, namespace string) []tenant {
	t.Helper()
	began := time.Now()
	var all []tenant
	for i := range workloads {
		off := float64(i) * 4 / workloads
		w := tenant{
			stage.Workload{
				Namespace: namespace, Name: fmt.Sprintf("item-%02d", i), Replicas: perEach,
				// Past the scheduler, which binds no more than some a second.
				Node: fmt.Sprintf("node-%d", i%nodes),
			},
			scene.Busy{"istio-proxy": 72 - off, "app": 70 - off},
		}
		if err := shared.World.SetService(scene.Service(w.workload, w.busy)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { shared.World.RemoveService(namespace, w.workload.Name) })
		all = append(all, w)
	}
	// In groups, so that a busy machine is waited for as long as it gets on.
	for done := 0; done < workloads; done += group {
		for _, w := range all[done : done+group] {
			if err := shared.Apply(t.Context(), w.workload); err != nil {
				t.Fatal(err)
			}
		}
		pods := (done + group) * perEach
		scene.Eventually(t, fmt.Sprintf("%d Pods are Ready", pods), func() error { return ready(t, namespace, pods) })
	}
	t.Logf("%d Pods of %d workloads were Ready after %s", workloads*perEach, workloads, time.Since(began).Round(time.Second))
	for _, w := range all {
		shared.Scale(t, stage.HPA{For: w.workload, Min: 2, Max: 2 * perEach})
	}
	return all
}

// ready is an error until the Deployments have so many Pods.
func ready(t *testing.T, namespace string, want int) error {
	t.Helper()
	list, err := shared.Cluster.Client().AppsV1().Deployments(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing the Deployments: %w", err)
	}
	pods := 0
	for i := range list.Items {
		pods += int(list.Items[i].Status.ReadyReplicas)
	}
	if pods != want {
		return fmt.Errorf("%d of %d Pods are Ready", pods, want)
	}
	return nil
}
