package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

const (
	thousand = 1000
	// writers is how many objects are created at a time.
	writers = 16
)

// asleep is a Deployment at zero, paused so that it stays an object and nothing more.
const asleep = `
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: %[1]s, name: %[2]s}
spec:
  replicas: 0
  paused: true
  selector: {matchLabels: {app: %[2]s}}
  template:
    metadata: {labels: {app: %[2]s}}
    spec: {containers: [{name: app, image: none}]}
`

// All but one of the workloads are at zero: what a collection costs at Datadog
// is in its questions, and they name every workload that an HPA names.
func TestACollectionForAThousandWorkloadsIsOneCallToDatadog(t *testing.T) {
	withConfig(t, stage.Config{})
	ns := shared.Namespace(t)
	alive := stage.Workload{Namespace: ns, Name: "alive", Kind: "StatefulSet", Replicas: 2}
	shared.Serve(t, alive, scene.Busy{"istio-proxy": 60, "app": 20})
	shared.Scale(t, stage.HPA{For: alive, Min: 2, Max: 2})

	t.Cleanup(func() { removeHPAs(t, ns) })
	names := map[string]bool{"alive": true}
	work := make(chan string)
	var creating sync.WaitGroup
	for range writers {
		creating.Go(func() {
			for name := range work {
				manifest := fmt.Sprintf(asleep, ns, name)
				h := stage.HPA{For: stage.Workload{Namespace: ns, Name: name}, Min: 1, Max: 3}
				if err := errors.Join(shared.Cluster.Apply(t.Context(), []byte(manifest)), shared.ApplyHPA(t.Context(), h)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := 1; i < thousand; i++ {
		name := fmt.Sprintf("item-%d", i)
		names[name] = true
		work <- name
	}
	close(work)
	creating.Wait()

	// Every call from some moment on is about all of them.
	const calls = 5
	var since time.Time
	scene.Eventually(t, "each call names all workloads", func() error {
		all := shared.Datadog.Requests()
		if len(all) < calls {
			return fmt.Errorf("%d calls", len(all))
		}
		last := all[len(all)-calls:]
		since = last[0].Time
		for i := range last {
			if missing := unnamed(&last[i], names); missing != 0 {
				return fmt.Errorf("a call does not name %d of %d workloads", missing, len(names))
			}
			if i > 0 && last[i].Time.Sub(last[i-1].Time) < time.Second/2 {
				return fmt.Errorf("two calls are %s apart, where collections are a second apart", last[i].Time.Sub(last[i-1].Time))
			}
		}
		return nil
	})
	t.Logf("%d calls since %s name %d workloads each", calls, since.Format("15:04:05.000"), len(names))
	scene.AwaitAnswer(t, shared.Maximum(alive), scene.Reads("datadog", 60, 1))
}

// removeHPAs deletes all HPAs of a namespace. With the namespace they would go
// last, and until then keep their controller from looking at those of the
// tests that come.
func removeHPAs(t *testing.T, namespace string) {
	t.Helper()
	hpas := shared.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers(namespace)
	if err := hpas.DeleteCollection(context.Background(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		t.Error(err)
	}
}

// unnamed counts the workloads that a call does not ask about.
func unnamed(r *datadogsim.Request, names map[string]bool) int {
	asked := map[string]bool{}
	for _, query := range r.Queries {
		for _, word := range strings.FieldsFunc(query, func(c rune) bool { return strings.ContainsRune("(), :{}", c) }) {
			asked[word] = true
		}
	}
	missing := 0
	for name := range names {
		if !asked[name] {
			missing++
		}
	}
	return missing
}
