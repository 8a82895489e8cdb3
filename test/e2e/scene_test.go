package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// perPod is the load of one Pod at which its containers are as busy as busy
// says: its percents are then what one reads.
const perPod world.RPS = 100

// busy is the utilization of each container, in percent of its request, at
// perPod requests/s.
type busy map[string]float64

// serve creates the workload and its load, which is perPod for each of its
// replicas, and waits until all of them are Ready, and grown. Afterwards the
// load stays what it is: more replicas share it.
func serve(t *testing.T, w stage.Workload, b busy) {
	t.Helper()
	if err := shared.World.SetService(service(w, b)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shared.World.RemoveService(w.Namespace, w.Name) })
	if err := shared.Apply(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	awaitServing(t, w, int(w.Replicas))
	awaitGrown(t, w)
}

// grown is for how long a Pod has been Ready when nothing is special about it:
// the data of both sources are of the time since.
const grown = 7 * time.Second

// awaitGrown waits until no Pod of the workload is young. While they are, the
// answer is metrics-server's for a moment, or nobody's: that has its own tests.
func awaitGrown(t *testing.T, w stage.Workload) {
	t.Helper()
	selector := metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: w.Labels()})
	eventually(t, patience, func() error {
		pods, err := shared.Cluster.Client().CoreV1().Pods(w.Namespace).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return err
		}
		for _, pod := range pods.Items {
			for _, c := range pod.Status.Conditions {
				if c.Type == corev1.PodReady && time.Since(c.LastTransitionTime.Time) < grown {
					return fmt.Errorf("Pod %s is Ready since %s", pod.Name, c.LastTransitionTime)
				}
			}
		}
		return nil
	})
}

func service(w stage.Workload, b busy) world.Service {
	cost := map[string]world.CPUSeconds{}
	for _, c := range w.Defaults().Containers {
		request := c.Cores()
		if request == 0 {
			request = 0.1 // without a request the percent is of 100m
		}
		cost[c.Name] = world.CPUSeconds(b[c.Name] / 100 * request / float64(perPod))
	}
	return world.Service{
		Namespace: w.Namespace, Name: w.Name, Selector: w.Labels(),
		Load: perPod * world.RPS(w.Replicas), Cost: cost,
	}
}

// setLoad changes the load of the workload to perPod for so many Pods.
func setLoad(t *testing.T, w stage.Workload, pods float64) {
	t.Helper()
	if err := shared.World.SetLoad(w.Namespace, w.Name, perPod*world.RPS(pods)); err != nil {
		t.Fatal(err)
	}
}

// truth is the workload as a perfect instrument would see it.
func truth(t *testing.T, w stage.Workload) world.Truth {
	t.Helper()
	at, err := shared.World.Truth(time.Now(), w.Namespace, w.Name)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// serving is how many of the workload's Pods are Ready.
func serving(t *testing.T, w stage.Workload) int {
	t.Helper()
	return truth(t, w).Serving
}

// awaitServing waits until the workload has exactly so many Pods and all are Ready.
func awaitServing(t *testing.T, w stage.Workload, pods int) {
	t.Helper()
	eventually(t, patience, func() error {
		if now := truth(t, w); now.Pods != pods || now.Serving != pods {
			return fmt.Errorf("%s has %d Pods and %d of them serve, want %d", w.Name, now.Pods, now.Serving, pods)
		}
		return nil
	})
}

// scale creates an HPA, or changes it.
func scale(t *testing.T, h stage.HPA) {
	t.Helper()
	if err := shared.ApplyHPA(t.Context(), h); err != nil {
		t.Fatal(err)
	}
}

// read asks for a metric.
func read(t *testing.T, w stage.Workload, metric string) stage.Answer {
	t.Helper()
	return shared.Read(t.Context(), w.Namespace, metric, w.Selector())
}

// awaitAnswer reads the maximum of the workload until the answer is as wanted.
func awaitAnswer(t *testing.T, w stage.Workload, want func(stage.Answer) error) stage.Answer {
	t.Helper()
	var answer stage.Answer
	eventually(t, patience, func() error {
		answer = read(t, w, stage.Max)
		if !answer.OK() {
			return errors.New(answer.String())
		}
		if err := want(answer); err != nil {
			return fmt.Errorf("%w; the answer is %s", err, answer)
		}
		return nil
	})
	return answer
}

// from wants an answer of a source.
func from(source string) func(stage.Answer) error {
	return func(a stage.Answer) error {
		if got := a.Label("source"); got != source {
			return fmt.Errorf("the source is %q, want %q", got, source)
		}
		return nil
	}
}

// reads wants a value from a source, give or take so many percent points.
func reads(source string, value, off float64) func(stage.Answer) error {
	return func(a stage.Answer) error {
		return errors.Join(from(source)(a), within("the value", a.Value(), value, off))
	}
}

// hpa is the present HPA.
func hpa(t *testing.T, namespace, name string) *autoscalingv2.HorizontalPodAutoscaler {
	t.Helper()
	h, err := shared.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// scalingActive is the condition that says whether the HPA can read its metrics.
func scalingActive(h *autoscalingv2.HorizontalPodAutoscaler) autoscalingv2.HorizontalPodAutoscalerCondition {
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive {
			return c
		}
	}
	return autoscalingv2.HorizontalPodAutoscalerCondition{}
}
