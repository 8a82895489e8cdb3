package defaults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// The load of a workload that is at its target, and what more of it needs.
const (
	resting      = 6
	atTarget     = world.RPS(420) // 70 % of 6 Pods
	grown        = 9
	aboveTarget  = world.RPS(620) // 103 % of 6 Pods, 69 % of 9
	belowTarget  = world.RPS(310) // 34 % of 9 Pods; 5 Pods are enough
	shrunk       = 5
	mostReplicas = 20
)

func TestSourcesThatFailInPartMoveNoReplicas(t *testing.T) {
	t.Parallel()
	s := start(t, stage.Config{})
	gone := stage.Workload{Namespace: "shop", Name: "gone", Replicas: resting}
	whole := stage.Workload{Namespace: "shop", Name: "whole", Replicas: resting}
	frozen := stage.Workload{Namespace: "bank", Name: "item", Replicas: resting}
	all := []stage.Workload{gone, whole, frozen}
	for _, w := range all {
		serve(t, s, w, atTarget, mostReplicas, 0)
	}
	seen := follow(t, s, all)
	settled(t, s, seen, all)

	t.Run("one workload and one container are missing at Datadog", func(t *testing.T) {
		began := time.Now()
		strike(t, s, datadogsim.Fault{Kind: datadogsim.Missing, Namespace: gone.Namespace, Workload: gone.Name},
			datadogsim.Fault{Kind: datadogsim.Frozen, Namespace: frozen.Namespace, Container: "istio-proxy"})
		awaitTurn(t, seen, gone, began, "metrics-server", maxAge)
		// The bucket in which data stop counts: each Pod reported to it.
		awaitTurn(t, seen, frozen, began, "metrics-server", maxAge+interval)
		for _, w := range []stage.Workload{gone, frozen} {
			awaitEvent(t, s, w, "DatadogStale", "the source is now metrics-server")
		}
		healed := time.Now()
		heal(t, s)
		awaitTurn(t, seen, gone, healed, "datadog", recovery)
		awaitTurn(t, seen, frozen, healed, "datadog", recovery)
		wantRested(t, s, seen, gone, began, "datadog", "metrics-server", "datadog")
		wantRested(t, s, seen, frozen, began, "datadog", "metrics-server", "datadog")
		wantRested(t, s, seen, whole, began, "datadog")
		wantCalls(t, s, began, 1, interval)
	})
	t.Run("Datadog fails and answers by turns", func(t *testing.T) {
		began := time.Now()
		failed, err := alternate(t, s, 4*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("measured: %d of %d calls failed in %s", failed, len(calls(s, began)), time.Since(began).Round(time.Second))
		if failed < 6 {
			t.Errorf("only %d calls failed", failed)
		}
		for _, w := range all {
			wantRested(t, s, seen, w, began, "datadog")
		}
		// Each failure is repeated once.
		wantCalls(t, s, began, 2, interval/2)
	})
	t.Run("metrics-server is away while Datadog is healthy", func(t *testing.T) {
		t.Cleanup(func() { s.World.SetKubeletFaults() })
		began := time.Now()
		s.World.SetKubeletFaults(world.KubeletFault{Kind: world.KubeletUnavailable})
		await(t, 4*time.Minute, "metrics-server has nothing to say any more", func() error {
			if a := s.Read(t.Context(), whole.Namespace, stage.PodAverage, whole.Selector()); a.Code != 503 {
				return errors.New(a.String())
			}
			return nil
		})
		wantRested(t, s, seen, whole, began, "datadog")
		// Nobody else tells what the Pods that are new do from what all did.
		grows(t, s, seen, whole, grown+3)
		noneFailed(t, seen, whole, began)
		wantRested(t, s, seen, gone, began, "datadog")
		wantRested(t, s, seen, frozen, began, "datadog")
		wantCalls(t, s, began, 1, interval)
	})
}

// settled waits until each workload rests on Datadog at its replicas, and
// metrics-server could answer for it.
func settled(t *testing.T, s *stage.Stage, seen *diary, workloads []stage.Workload) {
	t.Helper()
	await(t, 4*time.Minute, "each workload rests on Datadog, and metrics-server knows it", func() error {
		for _, w := range workloads {
			l, err := seen.newest(w)
			if err == nil && l.Label("source") != "datadog" {
				err = errors.New(l.String())
			}
			if err == nil {
				err = truthful(s, w, l.Answer)
			}
			if average := s.Read(t.Context(), w.Namespace, stage.PodAverage, w.Selector()); err == nil && !average.OK() {
				err = errors.New(average.String())
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name(w), err)
			}
		}
		return nil
	})
}

// grows raises the load of a workload that rests, and waits until its HPA has
// given it what it needs; meanwhile it may have most replicas.
func grows(t *testing.T, s *stage.Stage, seen *diary, w stage.Workload, most int) {
	t.Helper()
	between := func(low, high int) func() error {
		return func() error {
			l, err := seen.newest(w)
			return cmp.Or(err, within(l.replicas, low, high))
		}
	}
	began := time.Now()
	setLoad(t, s, w, aboveTarget)
	await(t, 5*time.Minute, name(w)+" has what it needs", between(grown, most))
	t.Logf("measured: %s grew after %s", name(w), time.Since(began).Round(time.Second))
	keep(t, time.Minute, name(w)+" has what it needs, and not much more", between(grown, most))
	await(t, 5*time.Minute, name(w)+" has no more than it needs", between(grown, grown))
	peak := 0
	for _, l := range seen.since(w, began) {
		peak = max(peak, l.replicas)
	}
	t.Logf("measured: %s: peak of %d replicas, %d needed", name(w), peak, grown)
}

// awaitEvent waits for an Event about the HPA of a workload that says all of this.
func awaitEvent(t *testing.T, s *stage.Stage, w stage.Workload, reason string, says ...string) {
	t.Helper()
	await(t, 30*time.Second, fmt.Sprintf("an Event %s about %s", reason, name(w)), func() error {
		notes, err := events(t.Context(), s, w, reason)
		if err != nil {
			return err
		}
		return saysAll(strings.Join(notes, "\n"), append(says, reason)...)
	})
}

// events are the Events about the HPA of a workload with a reason, which each
// begins with.
func events(ctx context.Context, s *stage.Stage, w stage.Workload, reason string) ([]string, error) {
	list, err := s.Cluster.Client().CoreV1().Events(w.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing Events: %w", err)
	}
	var notes []string
	for i := range list.Items {
		e := &list.Items[i]
		if e.InvolvedObject.Kind == "HorizontalPodAutoscaler" && e.InvolvedObject.Name == w.Name && e.Reason == reason {
			notes = append(notes, e.Reason+": "+e.Message)
		}
	}
	return notes, nil
}
