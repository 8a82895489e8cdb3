package defaults

import (
	"fmt"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// target is that of each HPA, in percent.
const target = 70

// start is a stage at the defaults, but for what the configuration says. It
// stops at the end of the test.
func start(t *testing.T, c stage.Config) *stage.Stage {
	t.Helper()
	c.Default = true
	s, err := stage.Start(interrupted, stage.Options{
		Cluster:       cluster.Options{DefaultHPA: true, MetricsResolution: 15 * time.Second},
		AgentInterval: 20 * time.Second,
		Lag:           30 * time.Second,
		Config:        c,
		Progress:      t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the adapter's log ends\n%s", tail(s.Adapter.Logs(), 60))
			requests := s.Datadog.Requests()
			for _, r := range requests[max(0, len(requests)-20):] {
				t.Logf("Datadog at %s: %d, faults %v", r.Time.Format("15:04:05.000"), r.Status, r.Faults)
			}
		}
		s.Stop()
	})
	return s
}

// serve creates a workload with its load, in a namespace that is made if it is
// not there, and an HPA that remembers what it wanted for so long before it
// scales down: what must not shrink a workload is the answer, and not the
// HPA's five minutes. A request costs the proxy 1 ms of CPU, of which it
// requests 100m, and the app 0.4 ms of 200m: the Pod average hides the proxy.
func serve(t *testing.T, s *stage.Stage, w stage.Workload, load world.RPS, most int32, stabilization time.Duration) {
	t.Helper()
	_, err := s.Cluster.Client().CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	err = s.World.SetService(world.Service{
		Namespace: w.Namespace, Name: w.Name, Selector: w.Labels(), Load: load,
		Cost: map[string]world.CPUSeconds{"istio-proxy": 0.001, "app": 0.0004},
		Idle: map[string]world.Cores{"istio-proxy": 0.0001, "app": 0.0001},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	window := int32(stabilization.Seconds())
	err = s.ApplyHPA(t.Context(), stage.HPA{
		For: w, Target: target, Min: 2, Max: most,
		Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &window},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func setLoad(t *testing.T, s *stage.Stage, w stage.Workload, load world.RPS) {
	t.Helper()
	t.Logf("the load of %s is now %.0f requests/s", name(w), float64(load))
	if err := s.World.SetLoad(w.Namespace, w.Name, load); err != nil {
		t.Fatal(err)
	}
}

// saysAll is an error unless a text holds all of the phrases.
func saysAll(text string, phrases ...string) error {
	for _, phrase := range phrases {
		if !strings.Contains(text, phrase) {
			return fmt.Errorf("%q is not in %q", phrase, text)
		}
	}
	return nil
}

// tail is the end of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
