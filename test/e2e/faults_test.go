package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// nearlyBalanced has a skew of 1.06, which lets the fallback shrink it and yet
// tells the Pod average from the maximum.
var nearlyBalanced = busy{"app": 62, "istio-proxy": 68}

const (
	nearlyMax     = 68
	nearlyAverage = 64
)

// strike makes Datadog fail until heal or the end of the test. A fault without
// a namespace strikes all tests: only a serial one may set it.
func strike(t *testing.T, faults ...datadogsim.Fault) {
	t.Helper()
	t.Cleanup(func() { heal(t) })
	if err := shared.Datadog.SetFault(faults...); err != nil {
		t.Fatal(err)
	}
}

// heal ends all faults of Datadog. Only a serial test may call it.
func heal(t *testing.T) {
	t.Helper()
	if err := shared.Datadog.ClearFaults(); err != nil {
		t.Fatal(err)
	}
}

// blind takes all kubelets from metrics-server until see or the end of the
// test, which must be a serial one.
func blind(t *testing.T) {
	t.Helper()
	t.Cleanup(see)
	shared.World.SetKubeletFaults(world.KubeletFault{Kind: world.KubeletUnavailable})
}

// see gives metrics-server its kubelets back.
func see() { shared.World.SetKubeletFaults() }

// watch reads the maximum five times a second until the end of the test.
func watch(t *testing.T, w stage.Workload) *stage.Watch {
	t.Helper()
	seen := shared.Watch(t.Context(), w.Namespace, stage.Max, w.Selector(), 200*time.Millisecond)
	t.Cleanup(seen.Stop)
	return seen
}

// noneFailed stops a watch and reports every answer of it that held no value.
func noneFailed(t *testing.T, seen *stage.Watch) {
	t.Helper()
	seen.Stop()
	if len(seen.Answers()) == 0 {
		t.Error("nothing was read")
	}
	for _, a := range seen.Failed() {
		t.Errorf("at %s: %s", a.At.Format("15:04:05.000"), a)
	}
}

// wantSources stops a watch in which no answer failed, once it has seen the
// last of these sources, and compares who answered.
func wantSources(t *testing.T, seen *stage.Watch, want ...string) {
	t.Helper()
	eventually(t, patience, func() error {
		answers := seen.Answers()
		if len(answers) == 0 {
			return errors.New("nothing was read")
		}
		return from(want[len(want)-1])(answers[len(answers)-1])
	})
	noneFailed(t, seen)
	if got := seen.Sources(); !slices.Equal(got, want) {
		t.Errorf("the sources were %q, want %q", got, want)
	}
}

// awaitFallback waits until metrics-server could answer. It has nothing usable
// of Pods that became Ready a moment ago, and an outage of Datadog would be one
// of both sources.
func awaitFallback(t *testing.T, w stage.Workload) {
	t.Helper()
	eventually(t, patience, func() error {
		if a := read(t, w, stage.PodAverage); !a.OK() {
			return errors.New(a.String())
		}
		return nil
	})
}

func isPodAverage(a stage.Answer) error {
	if container := a.Label("container"); container != "" {
		return fmt.Errorf("it is of container %q, and a Pod average is of none", container)
	}
	return nil
}

// adjusted wants an answer that was adjusted in this way, for this reason if
// there is one, from this measured percent.
func adjusted(how, reason string, measured, off float64) func(stage.Answer) error {
	return func(a stage.Answer) error {
		var got float64
		if _, err := fmt.Sscan(a.Label("measured"), &got); err != nil {
			return fmt.Errorf("the label measured: %w", err)
		}
		var errs []error
		if a.Label("adjusted") != how || a.Label("reason") != reason {
			errs = append(errs, fmt.Errorf("it is adjusted by %q because of %q, want %q because of %q",
				a.Label("adjusted"), a.Label("reason"), how, reason))
		}
		return errors.Join(append(errs, within("what was measured", got, measured, off))...)
	}
}

// all wants everything at once.
func all(wants ...func(stage.Answer) error) func(stage.Answer) error {
	return func(a stage.Answer) error {
		var errs []error
		for _, want := range wants {
			errs = append(errs, want(a))
		}
		return errors.Join(errs...)
	}
}

// replicas is how many Pods the Deployment is told to have.
func replicas(t *testing.T, w stage.Workload) int {
	t.Helper()
	d, err := shared.Cluster.Client().AppsV1().Deployments(w.Namespace).Get(t.Context(), w.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return int(*d.Spec.Replicas)
}

// between is an error unless the Deployment has so many replicas.
func between(t *testing.T, w stage.Workload, least, most int) error {
	t.Helper()
	if n := replicas(t, w); n < least || n > most {
		return fmt.Errorf("%s has %d replicas, want %d to %d", w.Name, n, least, most)
	}
	return nil
}

// keepsReplicas watches that a Deployment has the same replicas over several
// syncs of the HPA controller, which happen every two seconds.
func keepsReplicas(t *testing.T, w stage.Workload, replicas int) {
	t.Helper()
	consistently(t, 8*time.Second, func() error { return between(t, w, replicas, replicas) })
}

// unavailable wants a 503 that says all of this.
func unavailable(t *testing.T, w stage.Workload, says ...string) {
	t.Helper()
	eventually(t, patience, func() error {
		a := read(t, w, stage.Max)
		if a.Code != 503 {
			return fmt.Errorf("want a 503, and the answer is %s", a)
		}
		return saysAll(a.Message, says...)
	})
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

// events are the notes of the Events about an HPA with a reason.
func events(ctx context.Context, namespace, hpa, reason string) ([]string, error) {
	list, err := shared.Cluster.Client().CoreV1().Events(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing Events: %w", err)
	}
	var notes []string
	for i := range list.Items {
		if e := &list.Items[i]; e.InvolvedObject.Name == hpa && e.InvolvedObject.Kind == "HorizontalPodAutoscaler" && e.Reason == reason {
			notes = append(notes, e.Message)
		}
	}
	return notes, nil
}

// awaitEvent waits for an Event about an HPA that says all of this.
func awaitEvent(t *testing.T, namespace, hpa, reason string, says ...string) {
	t.Helper()
	eventually(t, patience, func() error {
		notes, err := events(t.Context(), namespace, hpa, reason)
		if err != nil {
			return err
		}
		return saysAll(strings.Join(notes, "\n"), append(says, "")...)
	})
}
