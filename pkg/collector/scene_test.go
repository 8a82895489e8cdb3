package collector_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crest-hpa/crest/pkg/collector"
	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// item is the workload of most stories: ten Pods whose app uses 20 % of its
// request and whose istio-proxy 90 %, so that the Pod average is 55 %.
var item = selection("item")

func selection(name string, containers ...string) utilization.Selection {
	return utilization.Selection{
		Workload:   utilization.Workload{Kind: "deployment", Namespace: "shop", Name: name},
		Containers: utilization.Only(containers...),
	}
}

// scene is a Collector at the default settings, and a world for it.
type scene struct {
	*collector.Collector
	t             *testing.T
	options       collector.Options
	world         *world
	datadog       *datadog
	metricsServer *metricsServer
	registry      *prometheus.Registry
	logged        *lines
	stop          func()
}

// lines are what was logged.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) add(prefix, args string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, prefix+" "+args)
}

func (l *lines) containing(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, line := range l.text {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// clock is the time of the bubble.
func clock() time.Time { return <-time.After(0) }

// play runs a story in a bubble of simulated time. The Collector stands still
// until the story starts it.
func play(t *testing.T, story func(t *testing.T, s *scene), change ...func(*collector.Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(item)
		s := &scene{
			t: t, world: w, registry: prometheus.NewRegistry(), logged: &lines{},
			datadog: &datadog{world: w}, metricsServer: &metricsServer{world: w}, stop: func() {},
		}
		o := collector.Options{
			Policy: fallback.Policy{
				DatadogMaxAge: 3 * time.Minute, MetricsServerMaxAge: 90 * time.Second,
				FailureThreshold: 2, RecoveryThreshold: 2,
				Mode: fallback.PodAverage, ScaleDown: fallback.Auto,
			},
			Datadog: s.datadog, MetricsServer: s.metricsServer, Inventory: w,
			DatadogInterval: 30 * time.Second, RetryInterval: 10 * time.Second, FallbackInterval: 15 * time.Second,
			DatadogTimeout: 10 * time.Second, DownscaleStabilization: 5 * time.Minute,
			Registerer: s.registry, Log: funcr.New(s.logged.add, funcr.Options{}), Now: clock,
		}
		for _, f := range change {
			f(&o)
		}
		var err error
		s.options = o
		if s.Collector, err = collector.New(o); err != nil {
			t.Fatal(err)
		}
		defer func() { s.stop() }()
		story(t, s)
	})
}

// start runs the loop until the story ends, and lets its first Tick end.
func (s *scene) start() {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	var loop sync.WaitGroup
	loop.Go(func() {
		if err := s.Run(ctx); err != nil {
			s.t.Errorf("the loop ended with %v", err)
		}
	})
	s.stop = func() { stop(); loop.Wait() }
	synctest.Wait()
}

// pass lets time pass.
func (s *scene) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// watch looks at something every second for a while.
func (s *scene) watch(d time.Duration, look func(passed time.Duration)) {
	for passed := time.Duration(0); passed <= d; passed += time.Second {
		look(passed)
		s.pass(time.Second)
	}
}

// tick makes one Tick now.
func (s *scene) tick() (next time.Time) { return s.Tick(s.t.Context(), clock()) }

// max is the answer to somebody who asks now.
func (s *scene) max(sel utilization.Selection) (collector.Result, error) {
	e, ok := s.Snapshot().Get(sel)
	if !ok {
		return collector.Result{}, fmt.Errorf("%s is not in the snapshot", sel)
	}
	return e.Max(s.world.Scale(sel), clock())
}

// answer is max where there must be one.
func (s *scene) answer(sel utilization.Selection) collector.Result {
	s.t.Helper()
	r, err := s.max(sel)
	if err != nil {
		s.t.Fatalf("at %s: no answer: %v", clock().Format(time.TimeOnly), err)
	}
	return r
}

// expect compares an answer in short with what is expected, such as
// "90 istio-proxy datadog".
func (s *scene) expect(sel utilization.Selection, want string) {
	s.t.Helper()
	if got := short(s.answer(sel)); got != want {
		s.t.Errorf("at %s: the answer for %s is %q, want %q", clock().Format(time.TimeOnly), sel, got, want)
	}
}

// short is a result in words: value, container, source and how it was adjusted.
func short(r collector.Result) string {
	words := []string{fmt.Sprint(float64(r.Value.Milli()) / 1000)}
	if r.Container != "" {
		words = append(words, r.Container)
	}
	words = append(words, r.Source.String())
	if r.Calibrated {
		words = append(words, "calibrated")
	}
	if r.Rebased {
		words = append(words, "rebased")
	}
	if r.Held != "" {
		words = append(words, "held", string(r.Held))
	}
	if r.Value != r.Measured {
		words = append(words, "measured", fmt.Sprint(float64(r.Measured.Milli())/1000))
	}
	return strings.Join(words, " ")
}

// unavailable is the text of the error that must be the answer.
func (s *scene) unavailable(sel utilization.Selection) string {
	s.t.Helper()
	r, err := s.max(sel)
	unavailable := (*collector.UnavailableError)(nil)
	if !errors.As(err, &unavailable) {
		s.t.Fatalf("at %s: the answer for %s is %q and %v, want an UnavailableError", clock().Format(time.TimeOnly), sel, short(r), err)
	}
	return err.Error()
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
}
