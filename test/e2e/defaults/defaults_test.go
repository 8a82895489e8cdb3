// Package defaults runs the adapter and the HPA controller at the intervals
// that users have: Datadog every 30 s, the HPA every 15 s. It takes a quarter
// of an hour; what does not depend on the real intervals is in package e2e.
package defaults

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// The load of each workload: a request costs its proxy 1 ms of CPU, of which
// it requests 100m.
const (
	pods   = 20
	target = 70
	calm   = world.RPS(1300) // 65 % of 20 Pods; 19 Pods are enough
	spike  = world.RPS(2800) // 140 % of 20 Pods; 40 Pods are needed
	most   = 400
)

// lags are the ages at which Datadog's data become visible, by namespace.
var lags = map[string]time.Duration{"lag-30": 30 * time.Second, "lag-60": time.Minute, "lag-90": 90 * time.Second}

func TestSpikesDoNotCompoundWhileDatadogLags(t *testing.T) {
	s := start(t)
	workloads := map[string]stage.Workload{}
	for namespace, lag := range lags {
		s.Datadog.SetLag(namespace, lag)
		workloads[namespace] = workload(t, s, namespace)
	}
	replicas := follow(t, s, workloads)

	await(t, 6*time.Minute, "each workload rests at its replicas, on Datadog", func(ctx context.Context) error {
		for namespace, w := range workloads {
			a := s.Read(ctx, namespace, stage.Max, w.Selector())
			if a.Label("source") != "datadog" || a.Value() < 60 || a.Label("adjusted") != "" {
				return fmt.Errorf("%s: %s", namespace, a)
			}
		}
		return nil
	})

	setLoad(t, s, spike)
	began := time.Now()
	needed := 40
	await(t, 5*time.Minute, "each workload has what it needs", func(context.Context) error {
		return replicas.each(func(n int) error { return within(n, needed-3, needed+4) })
	})
	// The samples that were taken before the Pods were there are still on
	// their way for as long as the longest lag and two intervals.
	keep(t, 150*time.Second, "no workload grows beyond what it needs", func(context.Context) error {
		return replicas.each(func(n int) error { return within(n, needed-3, needed+4) })
	})
	for namespace, peak := range replicas.peaks(began) {
		t.Logf("%s: peak of %d replicas, %d needed", namespace, peak, needed)
	}

	setLoad(t, s, calm)
	began = time.Now()
	needed = 19
	await(t, 7*time.Minute, "each workload has come down", func(context.Context) error {
		return replicas.each(func(n int) error { return within(n, needed-1, needed+2) })
	})
	keep(t, 90*time.Second, "no workload undershoots", func(context.Context) error {
		return replicas.each(func(n int) error { return within(n, needed-1, needed+2) })
	})
	for namespace, low := range replicas.lows(began) {
		t.Logf("%s: lowest at %d replicas, %d needed", namespace, low, needed)
		if low < needed-1 {
			t.Errorf("%s came down to %d replicas and needs %d", namespace, low, needed)
		}
	}
	outage(t, s, workloads["lag-30"])
}

// outage is one of Datadog at the default intervals.
func outage(t *testing.T, s *stage.Stage, w stage.Workload) {
	t.Helper()
	watch := s.Watch(t.Context(), w.Namespace, stage.Max, w.Selector(), time.Second)
	defer watch.Stop()
	source := func(want string) func(context.Context) error {
		return func(ctx context.Context) error {
			if a := s.Read(ctx, w.Namespace, stage.Max, w.Selector()); a.Label("source") != want {
				return fmt.Errorf("the source is not %s: %s", want, a)
			}
			return nil
		}
	}
	// An outage is only seen from Datadog's side of things.
	await(t, 2*time.Minute, "Datadog answers", source("datadog"))
	began := time.Now()
	if err := s.Datadog.SetFault(datadogsim.Fault{Kind: datadogsim.Refuse}); err != nil {
		t.Fatal(err)
	}
	await(t, 75*time.Second, "metrics-server answers", source("metrics-server"))
	recognized := time.Since(began)
	t.Logf("an outage of Datadog was recognized after %s", recognized.Round(time.Second))
	if recognized > time.Minute {
		t.Errorf("an outage was recognized after %s, not within a minute", recognized)
	}
	began = time.Now()
	if err := s.Datadog.ClearFaults(); err != nil {
		t.Fatal(err)
	}
	await(t, 4*time.Minute, "Datadog answers again", source("datadog"))
	t.Logf("Datadog was believed again after %s", time.Since(began).Round(time.Second))
	for _, failed := range watch.Failed() {
		t.Errorf("an answer failed: %s", failed)
	}
}

// start is a stage at the defaults. Only for how long a start holds is a
// minute instead of five.
func start(t *testing.T) *stage.Stage {
	t.Helper()
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	t.Cleanup(stop)
	s, err := stage.Start(ctx, stage.Options{
		Cluster:       cluster.Options{DefaultHPA: true, MetricsResolution: 15 * time.Second},
		AgentInterval: 20 * time.Second,
		Lag:           30 * time.Second,
		Config:        stage.Config{Default: true, Top: map[string]any{"downscaleStabilization": "1m"}},
		Progress:      os.Stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the adapter's log:\n%s", tail(s.Adapter.Logs(), 60))
		}
		s.Stop()
	})
	return s
}

func workload(t *testing.T, s *stage.Stage, namespace string) stage.Workload {
	t.Helper()
	_, err := s.Cluster.Client().CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w := stage.Workload{Namespace: namespace, Name: "item", Replicas: pods}
	err = s.World.SetService(world.Service{
		Namespace: namespace, Name: w.Name, Selector: w.Labels(), Load: calm,
		Cost: map[string]world.CPUSeconds{"istio-proxy": 0.001, "app": 0.0004},
		Idle: map[string]world.Cores{"istio-proxy": 0.0001, "app": 0.0001},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	window := int32(60)
	err = s.ApplyHPA(t.Context(), stage.HPA{
		For: w, Target: target, Min: 2, Max: most,
		// Not five minutes of stabilization: what must not undershoot is the answer.
		Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &window},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func setLoad(t *testing.T, s *stage.Stage, load world.RPS) {
	t.Helper()
	t.Logf("the load of each workload is now %.0f requests/s", float64(load))
	for namespace := range lags {
		if err := s.World.SetLoad(namespace, "item", load); err != nil {
			t.Fatal(err)
		}
	}
}

// history is how many replicas each workload had over time.
type history struct {
	mu   sync.Mutex
	seen map[string][]count
}

type count struct {
	at       time.Time
	replicas int
}

// follow looks at the workloads every second, and tells every 15.
func follow(t *testing.T, s *stage.Stage, workloads map[string]stage.Workload) *history {
	t.Helper()
	h := &history{seen: map[string][]count{}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	t.Cleanup(func() { stop(); <-ended })
	go func() {
		defer close(ended)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for i := 0; ctx.Err() == nil; i++ {
			line := h.look(ctx, s, workloads)
			if i%15 == 0 {
				t.Log(line)
			}
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
		}
	}()
	return h
}

func (h *history) look(ctx context.Context, s *stage.Stage, workloads map[string]stage.Workload) string {
	var line strings.Builder
	for _, namespace := range []string{"lag-30", "lag-60", "lag-90"} {
		w := workloads[namespace]
		d, err := s.Cluster.Client().AppsV1().Deployments(namespace).Get(ctx, w.Name, metav1.GetOptions{})
		if err != nil {
			continue
		}
		h.mu.Lock()
		h.seen[namespace] = append(h.seen[namespace], count{time.Now(), int(*d.Spec.Replicas)})
		h.mu.Unlock()
		a := s.Read(ctx, namespace, stage.Max, w.Selector())
		fmt.Fprintf(&line, "%s: %d replicas, %.1f %s %s%s   ", namespace, *d.Spec.Replicas, a.Value(), a.Label("source"),
			a.Label("adjusted"), a.Message)
	}
	return line.String()
}

// each checks the newest count of every workload.
func (h *history) each(check func(int) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for namespace := range lags {
		seen := h.seen[namespace]
		if len(seen) == 0 {
			return fmt.Errorf("%s: not seen yet", namespace)
		}
		if err := check(seen[len(seen)-1].replicas); err != nil {
			return fmt.Errorf("%s: %w", namespace, err)
		}
	}
	return nil
}

func (h *history) peaks(since time.Time) map[string]int {
	return h.extremes(since, func(a, b int) int { return max(a, b) })
}

func (h *history) lows(since time.Time) map[string]int {
	return h.extremes(since, func(a, b int) int { return min(a, b) })
}

func (h *history) extremes(since time.Time, pick func(a, b int) int) map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]int{}
	for namespace, seen := range h.seen {
		out[namespace] = seen[len(seen)-1].replicas
		for _, c := range seen {
			if c.at.After(since) {
				out[namespace] = pick(out[namespace], c.replicas)
			}
		}
	}
	return out
}

func within(n, low, high int) error {
	if n < low || n > high {
		return fmt.Errorf("%d replicas, not %d to %d", n, low, high)
	}
	return nil
}

// await polls until the check holds.
func await(t *testing.T, patience time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	began := time.Now()
	err := poll(t.Context(), patience, func(ctx context.Context) (bool, error) {
		err := check(ctx)
		return err == nil, err
	})
	if err != nil {
		t.Fatalf("not within %s: %s: %v", patience, what, err)
	}
	t.Logf("after %s: %s", time.Since(began).Round(time.Second), what)
}

// keep polls for a time, during which the check must hold.
func keep(t *testing.T, span time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	err := poll(t.Context(), span, func(ctx context.Context) (bool, error) {
		err := check(ctx)
		return err != nil, err
	})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	t.Logf("for %s: %s", span, what)
}

// poll looks every second until done, or until the time is over; it returns
// the error of the last look.
func poll(ctx context.Context, span time.Duration, look func(context.Context) (done bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, span)
	defer cancel()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var last error
	for {
		done, err := look(ctx)
		if ctx.Err() != nil {
			return last
		}
		last = err
		if done {
			return last
		}
		select {
		case <-ctx.Done():
			return last
		case <-ticker.C:
		}
	}
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
