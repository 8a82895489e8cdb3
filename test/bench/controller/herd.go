package controller

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

const (
	// namespace is that of all workloads.
	namespace = "herd"
	// proxy is the container that each HPA follows.
	proxy = "istio-proxy"
	// writers is how many objects are written at a time.
	writers = 16
)

// herd is the workloads of one Pod each, all of them at their target: nothing is ever scaled.
type herd struct {
	stage     *stage.Stage
	workloads []stage.Workload
}

// newHerd creates the workloads, bound to the nodes past the scheduler.
func newHerd(ctx context.Context, s *stage.Stage, size, nodes int) (*herd, error) {
	_, err := s.Cluster.Client().CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("creating a namespace: %w", err)
	}
	h := &herd{stage: s}
	for i := range size {
		h.workloads = append(h.workloads, stage.Workload{
			Namespace: namespace, Name: fmt.Sprintf("item-%03d", i), Replicas: 1, Node: fmt.Sprintf("node-%d", i%nodes),
		})
	}
	return h, each(ctx, h.workloads, h.create)
}

// create makes a workload whose proxy uses what its HPA wants.
func (h *herd) create(ctx context.Context, w stage.Workload) error {
	err := h.stage.World.SetService(world.Service{
		Namespace: w.Namespace, Name: w.Name, Selector: w.Labels(), Load: target,
		Cost: map[string]world.CPUSeconds{proxy: 0.001, "app": 0.0004},
		Idle: map[string]world.Cores{proxy: 0.0001, "app": 0.0001},
	})
	if err != nil {
		return err
	}
	return h.stage.Apply(ctx, w)
}

// serving is an error until all Pods are Ready.
func (h *herd) serving(ctx context.Context) error {
	list, err := h.stage.Cluster.Client().AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing the Deployments: %w", err)
	}
	ready := 0
	for i := range list.Items {
		ready += int(list.Items[i].Status.ReadyReplicas)
	}
	if ready < len(h.workloads) {
		return fmt.Errorf("%d of %d Pods are Ready", ready, len(h.workloads))
	}
	return nil
}

// scale gives the first workloads HPAs that read in one way, and takes away those of the others.
func (h *herd) scale(ctx context.Context, p phase) error {
	err := each(ctx, h.workloads[:p.hpas], func(ctx context.Context, w stage.Workload) error {
		return h.stage.ApplyHPA(ctx, p.hpa(w))
	})
	if err != nil {
		return err
	}
	hpas := h.stage.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers(namespace)
	return each(ctx, h.workloads[p.hpas:], func(ctx context.Context, w stage.Workload) error {
		err := hpas.Delete(ctx, w.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("deleting an HPA: %w", err)
		}
		return nil
	})
}

func (p phase) hpa(w stage.Workload) stage.HPA {
	hpa := stage.HPA{For: w, Target: target, Min: 1, Max: 3, Selector: w.Selector() + ",container=" + proxy}
	if p.way == byResource {
		hpa.Metrics = []autoscalingv2.MetricSpec{{
			Type: autoscalingv2.ContainerResourceMetricSourceType,
			ContainerResource: &autoscalingv2.ContainerResourceMetricSource{
				Name: corev1.ResourceCPU, Container: proxy,
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To(int32(target))},
			},
		}}
	}
	return hpa
}

// settled is an error until every HPA has read what it reads in this phase.
func (h *herd) settled(ctx context.Context, p phase) error {
	list, err := h.stage.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing the HPAs: %w", err)
	}
	if len(list.Items) != p.hpas {
		return fmt.Errorf("there are %d HPAs, want %d", len(list.Items), p.hpas)
	}
	var last error
	waiting := 0
	for i := range list.Items {
		if err := p.read(&list.Items[i]); err != nil {
			last, waiting = err, waiting+1
		}
	}
	if waiting > 0 {
		return fmt.Errorf("%d of %d HPAs have not read it yet, %s because %w", waiting, p.hpas, list.Items[len(list.Items)-1].Name, last)
	}
	return nil
}

// read is an error until an HPA has read in the way of this phase.
func (p phase) read(h *autoscalingv2.HorizontalPodAutoscaler) error {
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive && c.Status != corev1.ConditionTrue {
			return errors.New(c.Message)
		}
	}
	for _, m := range h.Status.CurrentMetrics {
		if p.way == byCrest && m.External != nil && m.External.Current.Value != nil ||
			p.way == byResource && m.ContainerResource != nil && m.ContainerResource.Current.AverageUtilization != nil {
			return nil
		}
	}
	return errors.New("it has read nothing yet")
}

// each calls do for each of them, some at a time.
func each(ctx context.Context, workloads []stage.Workload, do func(context.Context, stage.Workload) error) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(writers)
	for _, w := range workloads {
		all.Go(func() error { return do(ctx, w) })
	}
	return all.Wait()
}
