package main

import (
	"context"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/stage"
)

// Sample is what is seen at one moment.
type Sample struct {
	// At is the time since the story began.
	At time.Duration
	// Step is the number of the step, from 1.
	Step int
	Item View
	Cart View
}

// View is one service at one moment: utilizations are the world's, in percent,
// and what Crest and the HPA make of them comes with some delay.
type View struct {
	// Load is in requests/s.
	Load                float64
	App, Proxy, Average float64
	// Answer is what max_container_cpu_utilization answers.
	Answer Answer
	// Replicas are wanted, Ready are there.
	Replicas, Ready int
	// Scaling is why the HPA cannot scale; empty while it can.
	Scaling string
}

// Answer is what a reader of the metric got.
type Answer struct {
	// At is the time since the story began.
	At time.Duration
	// Failure is empty for an answer.
	Failure string
	// Value is in percent.
	Value float64
	// Source, Container, Adjusted, Reason and Measured are labels of the item.
	Source, Container, Adjusted, Reason, Measured string
}

// The sources of an answer.
const (
	datadog       = "datadog"
	metricsServer = "metrics-server"
)

func answered(a stage.Answer, began time.Time) Answer {
	at := a.At.Add(a.Took).Sub(began)
	if !a.OK() {
		return Answer{At: at, Failure: a.String()}
	}
	return Answer{
		At: at, Value: a.Value(),
		Source: a.Label("source"), Container: a.Label("container"),
		Adjusted: a.Label("adjusted"), Reason: a.Label("reason"), Measured: a.Label("measured"),
	}
}

// Fallback says that metrics-server answers for want of Datadog: it gives the
// Pod average, which has no container.
func (a Answer) Fallback() bool { return a.Source == metricsServer && a.Container == "" }

// Settling says that metrics-server's maximum over the Ready Pods answers,
// because many Pods are new.
func (a Answer) Settling() bool { return a.Source == metricsServer && a.Container != "" }

// Held says that the answer is the target, so that the HPA changes nothing.
func (a Answer) Held() bool { return a.Reason != "" }

// Plain says that Datadog's maximum is served as it was measured.
func (a Answer) Plain() bool { return a.Source == datadog && a.Adjusted == "" }

// content says that all Pods are Ready, and that Datadog's answer lets the HPA
// be for the present.
func (v View) content() bool {
	return v.Ready == v.Replicas && v.Answer.Plain() && v.Answer.Value <= tolerated
}

// look takes a sample of both services; answer is the last one of item.
func (s *Shop) look(ctx context.Context, began time.Time, answer Answer) (Sample, error) {
	sample := Sample{At: time.Since(began)}
	var err error
	if sample.Item, err = s.view(ctx, item); err != nil {
		return Sample{}, err
	}
	if sample.Cart, err = s.view(ctx, cart); err != nil {
		return Sample{}, err
	}
	sample.Item.Answer = answer
	sample.Cart.Answer = answered(s.stage.Read(ctx, namespace, stage.Max, selectors[cart]), began)
	return sample, nil
}

// view looks at a service, but does not ask for the metric.
func (s *Shop) view(ctx context.Context, name string) (View, error) {
	truth, err := s.stage.World.Truth(time.Now(), namespace, name)
	if err != nil {
		return View{}, err
	}
	client := s.stage.Cluster.Client()
	d, err := client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return View{}, fmt.Errorf("looking at Deployment %s: %w", name, err)
	}
	hpa, err := client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return View{}, fmt.Errorf("looking at HPA %s: %w", name, err)
	}
	return View{
		Load:     float64(truth.Load),
		App:      float64(truth.Containers[app].Utilization),
		Proxy:    float64(truth.Containers[proxy].Utilization),
		Average:  float64(truth.PodAverage),
		Replicas: int(*d.Spec.Replicas),
		Ready:    int(d.Status.ReadyReplicas),
		Scaling:  scaling(hpa.Status.Conditions),
	}, nil
}

// scaling is what an HPA says when it cannot get its metric.
func scaling(conditions []autoscalingv2.HorizontalPodAutoscalerCondition) string {
	for _, c := range conditions {
		if c.Type == autoscalingv2.ScalingActive && c.Status == corev1.ConditionFalse {
			return c.Reason + ": " + c.Message
		}
	}
	return ""
}
