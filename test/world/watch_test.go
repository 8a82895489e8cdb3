package world

import (
	"context"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestTheWorldFollowsThePodsOfACluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		client := fake.NewClientset(podNamed("a"))
		pods := client.CoreV1().Pods("shop")
		w := New(Options{})
		if err := w.SetService(item()); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- w.watch(ctx, client) }()
		if err := w.WaitSynced(ctx); err != nil {
			t.Fatal(err)
		}
		// follow lets the world see a change and settle, and reads how busy its
		// containers are in the second after that.
		follow := func() []float64 {
			synctest.Wait()
			time.Sleep(time.Second) // Fake time: the world steps four times.
			from := time.Now()
			return []float64{w.mean("a", "istio-proxy", from, from.Add(time.Second)), w.mean("b", "istio-proxy", from, from.Add(time.Second))}
		}
		steps := []struct {
			name   string
			change func() error
			want   []float64
		}{
			{"a Pod alone", func() error { return nil }, []float64{0.2, -1}},
			{"a second one", func() error {
				_, err := pods.Create(ctx, podNamed("b"), metav1.CreateOptions{})
				return err
			}, []float64{0.1, 0.1}},
			{"the second is not Ready", func() error {
				_, err := pods.Update(ctx, podNamed("b", notReady), metav1.UpdateOptions{})
				return err
			}, []float64{0.2, 0}},
			{"the second is gone", func() error { return pods.Delete(ctx, "b", metav1.DeleteOptions{}) }, []float64{0.2, -1}},
		}
		for _, step := range steps {
			if err := step.change(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			got := follow()
			for i := range got {
				if math.IsNaN(got[i]) {
					got[i] = -1 // It does not run.
				}
			}
			if !slices.EqualFunc(got, step.want, near) {
				t.Errorf("%s: got %v, want %v", step.name, got, step.want)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestWaitingForAWorldThatDoesNotRunSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := New(Options{}).WaitSynced(ctx); err == nil {
		t.Error("it has synced")
	}
}
