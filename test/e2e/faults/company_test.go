package faults

import (
	"errors"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// nearlyBalanced has a skew of 1.06, which lets the fallback shrink it and yet
// tells the Pod average from the maximum. An HPA with target 70 rests at both.
var nearlyBalanced = scene.Busy{"app": 62, "istio-proxy": 68}

const (
	hottest = "istio-proxy"
	maximum = 68.0
	average = 64.0
	off     = 3.0 // percent points: data that are late, windows that differ
	pods    = 4
)

// company are the workloads of a test, each with an HPA.
type company struct {
	*theatre
	namespace string
	workloads []stage.Workload
}

// play takes the theatre and has the workloads serve.
func (h *theatre) play(t *testing.T, names ...string) *company {
	t.Helper()
	h.take(t)
	return h.cast(t, names...)
}

// cast creates workloads and waits until Datadog answers for each.
func (h *theatre) cast(t *testing.T, names ...string) *company {
	t.Helper()
	h.awaitEmpty(t)
	c := &company{theatre: h, namespace: h.Namespace(t)}
	for _, name := range names {
		w := stage.Workload{Namespace: c.namespace, Name: name, Replicas: pods}
		h.Create(t, w, nearlyBalanced)
		h.Scale(t, stage.HPA{For: w, Min: 2, Max: 8})
		c.workloads = append(c.workloads, w)
	}
	for _, w := range c.workloads {
		h.AwaitServing(t, w, pods)
		h.AwaitGrown(t, w)
	}
	c.rest(t)
	return c
}

// awaitEmpty waits until the HPAs of the test before are gone: the adapter
// counts calls and changes of all.
func (h *theatre) awaitEmpty(t *testing.T) {
	t.Helper()
	scene.Eventually(t, "no HPA is left", func() error {
		all, err := h.Cluster.Client().AutoscalingV2().HorizontalPodAutoscalers("").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("listing HPAs: %w", err)
		}
		if n := len(all.Items); n > 0 {
			return fmt.Errorf("%d are", n)
		}
		return nil
	})
}

// rest waits until Datadog answers for all workloads, with the hottest
// container as it was measured, metrics-server could answer, and the HPAs have
// read that.
func (c *company) rest(t *testing.T) {
	t.Helper()
	scene.Eventually(t, "Datadog answers for all workloads", func() error { return c.seemToRest(t) })
}

func (c *company) seemToRest(t *testing.T) error {
	t.Helper()
	for _, w := range c.workloads {
		a := c.Maximum(w)(t.Context())
		if err := errors.Join(ofDatadog(a), c.HPAReads(t, w, maximum, off)); err != nil {
			return err
		}
		if err := scene.From("metrics-server")(c.Metric(w, stage.PodAverage)(t.Context())); err != nil {
			return err
		}
	}
	return nil
}

// ofDatadog and ofMetricsServer are what an answer must be, whatever breaks.
var (
	ofDatadog       = scene.All(scene.Reads("datadog", maximum, off), scene.Of(hottest), scene.AsMeasured)
	ofMetricsServer = scene.All(scene.Reads("metrics-server", average, off), scene.Of(""), scene.AsMeasured)
)

// believed is how old the data of an answer may be when it is given; its
// timestamp is in whole seconds.
var believed = map[string]time.Duration{"datadog": maxAge + time.Second, "metrics-server": 16 * time.Second}

// right says what is wrong with an answer.
func right(a stage.Answer) error {
	want := ofDatadog
	if a.Label("source") == "metrics-server" {
		want = ofMetricsServer
	}
	if err := want(a); err != nil {
		return err
	}
	if age := a.At.Sub(a.Items[0].Timestamp.Time); age > believed[a.Label("source")] {
		return errors.New("its data are " + age.String() + " old")
	}
	return nil
}
