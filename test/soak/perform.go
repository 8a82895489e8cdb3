package soak

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"syscall"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// What Datadog is like unless a step says otherwise.
const usualLag = time.Second

var usualLimit = datadogsim.RateLimit{Name: "query_timeseries", Limit: 100_000, Period: time.Minute}

// performer does steps to a stage.
type performer struct {
	stage     *stage.Stage
	namespace string
	workloads []Workload
	journal   *journal
	// told is called when a step begins.
	told func(Step)
}

// play does all steps at their time, those of each stream one after another,
// and returns when the last one is over. Afterwards nothing is broken any more.
func (p *performer) play(ctx context.Context, s Schedule) {
	begin := time.Now()
	streams := map[string][]Step{}
	for _, step := range s.Steps {
		streams[step.stream()] = append(streams[step.stream()], step)
	}
	var all sync.WaitGroup
	for _, steps := range streams {
		all.Go(func() {
			for _, step := range steps {
				if !wait(ctx, time.Until(begin.Add(step.At))) {
					return
				}
				p.told(step)
				over := p.journal.begin(step)
				over(p.perform(ctx, step))
			}
		})
	}
	all.Wait()
}

// wait says whether the time has passed; else the context has ended.
func wait(ctx context.Context, span time.Duration) bool {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// perform does one step and takes it back at its end, also when the context
// has ended before.
func (p *performer) perform(ctx context.Context, s Step) error {
	switch s.Kind {
	case Load:
		return p.stage.World.SetLoad(p.namespace, s.Workload, perPod*world.RPS(s.Pods))
	case Datadog:
		return p.datadog(ctx, s)
	case Lag:
		p.stage.Datadog.SetLag("", s.Lag)
		wait(ctx, s.For)
		p.stage.Datadog.SetLag("", usualLag)
	case Budget:
		p.stage.Datadog.SetRateLimit(s.Limit)
		wait(ctx, s.For)
		p.stage.Datadog.SetRateLimit(usualLimit)
	case Kubelets:
		p.stage.World.SetKubeletFaults(s.Kubelet...)
		wait(ctx, s.For)
		p.stage.World.SetKubeletFaults()
	case Kill, Terminate:
		return p.restart(ctx, s)
	case Rollout:
		return p.rollout(ctx, s)
	case NoHPA:
		return p.noHPA(ctx, s)
	case Hung:
		return p.hung(ctx, s)
	}
	return nil
}

func (p *performer) datadog(ctx context.Context, s Step) error {
	over := time.Now().Add(s.For)
	for {
		if err := p.stage.Datadog.SetFault(s.Faults...); err != nil {
			return err
		}
		phase := time.Until(over)
		if s.Flap > 0 {
			phase = min(phase, s.Flap)
		}
		goesOn := wait(ctx, phase)
		if err := p.stage.Datadog.ClearFaults(); err != nil {
			return err
		}
		if !goesOn || !time.Now().Add(s.Flap).Before(over) || !wait(ctx, s.Flap) {
			return nil
		}
	}
}

func (p *performer) restart(ctx context.Context, s Step) error {
	if s.Kind == Kill {
		p.stage.Adapter.Kill()
	} else {
		p.stage.Adapter.Stop(syscall.SIGTERM)
	}
	if !wait(ctx, s.For) {
		return nil // the soak is over
	}
	return p.stage.Adapter.Start(ctx)
}

// rolloutTimeout is how long all Pods of a workload may take to be replaced.
const rolloutTimeout = "--timeout=3m"

func (p *performer) rollout(ctx context.Context, s Step) error {
	object := p.workload(s).Kind + "/" + s.Workload
	for _, args := range [][]string{{"restart", object}, {"status", object, rolloutTimeout}} {
		args = append([]string{"rollout", "--namespace=" + p.namespace}, args...)
		if _, err := p.stage.Cluster.Kubectl(ctx, args...); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

func (p *performer) noHPA(ctx context.Context, s Step) error {
	err := p.stage.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers(p.namespace).Delete(ctx, s.Workload, metav1.DeleteOptions{})
	if err != nil {
		return fmt.Errorf("deleting the HPA: %w", err)
	}
	if !wait(ctx, s.For) {
		return nil
	}
	return p.stage.ApplyHPA(ctx, hpaOf(p.workload(s), p.namespace))
}

// hung makes some Pods not Ready. Those that are gone by the end need nothing.
func (p *performer) hung(ctx context.Context, s Step) error {
	pods, err := p.stage.Cluster.Client().CoreV1().Pods(p.namespace).List(ctx, metav1.ListOptions{
		LabelSelector: labels.SelectorFromSet(p.workload(s).on(p.namespace).Labels()).String(),
	})
	if err != nil {
		return fmt.Errorf("listing the Pods: %w", err)
	}
	names := make([]string, 0, len(pods.Items))
	for i := range pods.Items {
		names = append(names, pods.Items[i].Name)
	}
	slices.Sort(names)
	names = names[:int(math.Ceil(s.Share*float64(len(names))))]
	if err := p.setReady(ctx, names, false); err != nil {
		return err
	}
	wait(ctx, s.For)
	return p.setReady(ctx, names, true)
}

func (p *performer) setReady(ctx context.Context, names []string, ready bool) error {
	for _, name := range names {
		err := p.stage.Cluster.SetPodReady(ctx, p.namespace, name, ready)
		if err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// workload is that of a step.
func (p *performer) workload(s Step) Workload {
	i := slices.IndexFunc(p.workloads, func(w Workload) bool { return w.Name == s.Workload })
	return p.workloads[i]
}

// hpaOf is the HPA of a workload. It may multiply the replicas at once, as a
// workload that follows spikes does; the default would take most of a minute
// from the fewest to the most.
func hpaOf(w Workload, namespace string) stage.HPA {
	return stage.HPA{
		For: w.on(namespace), Min: leastReplicas, Max: mostReplicas, Target: Target,
		Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: &autoscalingv2.HPAScalingRules{
			Policies: []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PercentScalingPolicy, Value: 900, PeriodSeconds: 15}},
		}},
	}
}
