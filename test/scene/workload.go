package scene

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// PerPod is the load of one Pod at which its containers are as busy as Busy
// says: its percents are then what one reads.
const PerPod world.RPS = 100

// Busy is the utilization of each container, in percent of its request, at a
// load of one share a Pod.
type Busy map[string]float64

// Service is the load of a workload, one share for each of its replicas, and
// what a request costs its containers.
func Service(w stage.Workload, b Busy) world.Service {
	cost := map[string]world.CPUSeconds{}
	for _, c := range w.Defaults().Containers {
		request := c.Cores()
		if request == 0 {
			request = 0.1 // without a request the percent is of 100m
		}
		cost[c.Name] = world.CPUSeconds(b[c.Name] / 100 * request / float64(PerPod))
	}
	return world.Service{
		Namespace: w.Namespace, Name: w.Name, Selector: w.Labels(),
		Load: PerPod * world.RPS(w.Replicas), Cost: cost,
	}
}

// Create makes the workload and its load, one share for each replica, until
// the end of the test. Later the load stays what it is: more replicas share it.
func (s *Scene) Create(t *testing.T, w stage.Workload, b Busy) {
	t.Helper()
	if err := s.World.SetService(Service(w, b)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.World.RemoveService(w.Namespace, w.Name) })
	if err := s.Apply(t.Context(), w); err != nil {
		t.Fatal(err)
	}
}

// Serve is Create, and waits until all Pods are Ready, and grown.
func (s *Scene) Serve(t *testing.T, w stage.Workload, b Busy) {
	t.Helper()
	s.Create(t, w, b)
	s.AwaitServing(t, w, int(w.Replicas))
	s.AwaitGrown(t, w)
}

// SetLoad changes the load of the workload to so many shares.
func (s *Scene) SetLoad(t *testing.T, w stage.Workload, pods float64) {
	t.Helper()
	if err := s.World.SetLoad(w.Namespace, w.Name, PerPod*world.RPS(pods)); err != nil {
		t.Fatal(err)
	}
}

// Truth is the workload as a perfect instrument would see it.
func (s *Scene) Truth(t *testing.T, w stage.Workload) world.Truth {
	t.Helper()
	at, err := s.World.Truth(time.Now(), w.Namespace, w.Name)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// AwaitServing waits until the workload has exactly so many Pods and all are Ready.
func (s *Scene) AwaitServing(t *testing.T, w stage.Workload, pods int) {
	t.Helper()
	Eventually(t, fmt.Sprintf("%d Pods of %s serve", pods, w.Name), func() error {
		if now := s.Truth(t, w); now.Pods != pods || now.Serving != pods {
			return fmt.Errorf("%s has %d Pods and %d of them serve, want %d", w.Name, now.Pods, now.Serving, pods)
		}
		return nil
	})
}

// grown is for how long a Pod has been Ready when nothing is special about it:
// the data of both sources are of the time since.
const grown = 7 * time.Second

// AwaitGrown waits until no Pod of the workload is young. While they are, the
// answer is metrics-server's for a moment, or nobody's: that has its own tests.
func (s *Scene) AwaitGrown(t *testing.T, w stage.Workload) {
	t.Helper()
	Eventually(t, "the Pods of "+w.Name+" are grown", func() error {
		for _, pod := range s.Pods(t, w) {
			for _, c := range pod.Status.Conditions {
				if c.Type == corev1.PodReady && time.Since(c.LastTransitionTime.Time) < grown {
					return fmt.Errorf("%s is Ready since %s, which is too short a time", pod.Name, c.LastTransitionTime)
				}
			}
		}
		return nil
	})
}

// Pods are those of the workload.
func (s *Scene) Pods(t *testing.T, w stage.Workload) []corev1.Pod {
	t.Helper()
	selector := metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: w.Labels()})
	pods, err := s.Cluster.Client().CoreV1().Pods(w.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		t.Fatal(err)
	}
	return pods.Items
}

// Replicas is how many Pods the Deployment is told to have.
func (s *Scene) Replicas(t *testing.T, w stage.Workload) int {
	t.Helper()
	n, err := s.replicas(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *Scene) replicas(ctx context.Context, w stage.Workload) (int, error) {
	d, err := s.Cluster.Client().AppsV1().Deployments(w.Namespace).Get(ctx, w.Name, metav1.GetOptions{})
	if err != nil {
		return 0, fmt.Errorf("reading the Deployment: %w", err)
	}
	return int(*d.Spec.Replicas), nil
}

// Between is an error unless the Deployment is told to have so many Pods, or if
// that cannot be read: an API server may have come back a moment ago.
func (s *Scene) Between(t *testing.T, w stage.Workload, least, most int) error {
	t.Helper()
	n, err := s.replicas(t.Context(), w)
	if err != nil {
		return err
	}
	if n < least || n > most {
		return fmt.Errorf("%s has %d replicas, want %d to %d", w.Name, n, least, most)
	}
	return nil
}

// AwaitReplicas waits until the HPA has scaled the Deployment.
func (s *Scene) AwaitReplicas(t *testing.T, w stage.Workload, least, most int) {
	t.Helper()
	Eventually(t, fmt.Sprintf("%s has %d to %d replicas", w.Name, least, most), func() error { return s.Between(t, w, least, most) })
}

// KeepsReplicas watches that a Deployment has the same replicas over several
// syncs of the HPA controller, which happen every two seconds.
func (s *Scene) KeepsReplicas(t *testing.T, w stage.Workload, replicas int) {
	t.Helper()
	what := fmt.Sprintf("%s has %d replicas", w.Name, replicas)
	Consistently(t, 8*time.Second, what, func() error { return s.Between(t, w, replicas, replicas) })
}

// MostNodes are all nodes of a workload's Pods except the one with the fewest.
func (s *Scene) MostNodes(t *testing.T, w stage.Workload) []string {
	t.Helper()
	on := map[string]int{}
	for _, p := range s.Pods(t, w) {
		on[p.Spec.NodeName]++
	}
	fewest := ""
	for node, pods := range on {
		if fewest == "" || pods < on[fewest] {
			fewest = node
		}
	}
	if 2*on[fewest] >= int(w.Replicas) {
		t.Fatalf("the Pods are on %v: too few nodes to take most of them away", on)
	}
	delete(on, fewest)
	var nodes []string
	for node := range on {
		nodes = append(nodes, node)
	}
	return nodes
}
