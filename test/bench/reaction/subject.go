package reaction

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/metrics/v1beta1"
	"k8s.io/utils/ptr"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// proxy is the hot container.
const proxy = "istio-proxy"

// subject is one workload, which is scaled in one way.
type subject struct {
	site   *site
	way    way
	number int
	stage.Workload
}

// look is what an HPA would read of a subject at one moment.
type look struct {
	at time.Time
	// data is the end of the span that was measured, to the second.
	data time.Time
	// value is in percent.
	value float64
}

// serve creates the workload at rest. A request a second costs the proxy a percent of its 100m, and the
// app a fifth of one of its 200m.
func (s subject) serve(ctx context.Context) error {
	err := s.site.World.SetService(world.Service{
		Namespace: s.Namespace, Name: s.Name, Selector: s.Labels(), Load: s.load(calm),
		Cost: map[string]world.CPUSeconds{proxy: 0.001, "app": 0.0004},
		Idle: map[string]world.Cores{proxy: 0.0001, "app": 0.0001},
	})
	if err != nil {
		return err
	}
	return s.site.Apply(ctx, s.Workload)
}

// scale creates the HPA of the workload.
func (s subject) scale(ctx context.Context) error {
	h := stage.HPA{For: s.Workload, Target: target, Min: 2, Max: 10 * s.Replicas}
	if s.way.direct {
		h.Metrics = containerResource()
	}
	return s.site.ApplyHPA(ctx, h)
}

func containerResource() []autoscalingv2.MetricSpec {
	return []autoscalingv2.MetricSpec{{
		Type: autoscalingv2.ContainerResourceMetricSourceType,
		ContainerResource: &autoscalingv2.ContainerResourceMetricSource{
			Name: corev1.ResourceCPU, Container: proxy,
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To(int32(target))},
		},
	}}
}

// load is the requests a second at which the proxy of so many Pods as there are at first has this utilization.
func (s subject) load(percent float64) world.RPS { return world.RPS(percent) * world.RPS(s.Replicas) }

// jump makes the proxy hot from now on.
func (s subject) jump() error { return s.site.World.SetLoad(s.Namespace, s.Name, s.load(hot)) }

// look reads what the HPA reads: the answer of Crest, or the Pods' metrics of metrics-server.
func (s subject) look(ctx context.Context) (look, error) {
	if s.way.direct {
		return s.lookAtPods(ctx)
	}
	a := s.site.Read(ctx, s.Namespace, stage.Max, s.Selector())
	if !a.OK() || a.Label("source") != "datadog" {
		return look{}, fmt.Errorf("the answer does not come from Datadog: %s", a)
	}
	return look{at: a.At.Add(a.Took), data: a.Items[0].Timestamp.Time, value: a.Value()}, nil
}

// lookAtPods is the mean utilization of the proxies, by the oldest of the Pods' metrics.
func (s subject) lookAtPods(ctx context.Context) (look, error) {
	body, err := s.site.Cluster.Client().RESTClient().Get().
		AbsPath("/apis/metrics.k8s.io/v1beta1/namespaces", s.Namespace, "pods").
		Param("labelSelector", metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: s.Labels()})).DoRaw(ctx)
	if err != nil {
		return look{}, fmt.Errorf("reading the Pods' metrics: %w", err)
	}
	var list v1beta1.PodMetricsList
	if err := json.Unmarshal(body, &list); err != nil {
		return look{}, fmt.Errorf("reading the Pods' metrics: %w", err)
	}
	if len(list.Items) < int(s.Replicas) {
		return look{}, fmt.Errorf("metrics-server knows %d of %d Pods", len(list.Items), s.Replicas)
	}
	l := look{at: time.Now(), data: list.Items[0].Timestamp.Time}
	for _, pod := range list.Items {
		if pod.Timestamp.Time.Before(l.data) {
			l.data = pod.Timestamp.Time
		}
		for _, c := range pod.Containers {
			if c.Name == proxy {
				// Of 100m, so that a millicore is a percent.
				l.value += c.Usage.Cpu().AsApproximateFloat64() * 1000 / float64(len(list.Items))
			}
		}
	}
	return l, nil
}

// rests is an error until the HPA would read that the workload rests.
func (s subject) rests(ctx context.Context) error {
	l, err := s.look(ctx)
	if err != nil {
		return err
	}
	if l.value < calm-3 || l.value > target+3 {
		return fmt.Errorf("it reads %.1f", l.value)
	}
	return nil
}
