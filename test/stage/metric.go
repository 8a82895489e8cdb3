package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
)

// The metrics of the adapter.
const (
	Max        = "max_container_cpu_utilization"
	Containers = "container_cpu_utilization"
	PodAverage = "pod_cpu_utilization"
)

// Path is that of one metric, as kubectl get --raw takes it.
func Path(namespace, metric, selector string) string {
	return fmt.Sprintf("/apis/external.metrics.k8s.io/v1beta1/namespaces/%s/%s?labelSelector=%s",
		namespace, metric, url.QueryEscape(selector))
}

// Answer is what a reader of a metric got.
type Answer struct {
	At   time.Time
	Took time.Duration
	// Code is the HTTP status, 0 when there was no answer at all; Message is
	// that of an error.
	Code    int
	Message string
	Items   []v1beta1.ExternalMetricValue
}

// OK says that the answer holds items.
func (a Answer) OK() bool { return a.Code == 200 && len(a.Items) > 0 }

// Value is the first item's, in percent.
func (a Answer) Value() float64 {
	if !a.OK() {
		return 0
	}
	return a.Items[0].Value.AsApproximateFloat64()
}

// Label is a metric label of the first item.
func (a Answer) Label(key string) string {
	if !a.OK() {
		return ""
	}
	return a.Items[0].MetricLabels[key]
}

// String is the answer for a log.
func (a Answer) String() string {
	if !a.OK() {
		return fmt.Sprintf("%d %s (%s)", a.Code, a.Message, a.Took.Round(time.Millisecond))
	}
	text := ""
	for _, item := range a.Items {
		text += fmt.Sprintf("%s %v at %s; ", item.Value.String(), item.MetricLabels, item.Timestamp.UTC().Format("15:04:05"))
	}
	return text
}

// Read asks for a metric through the API server, as kubectl get --raw does.
func (s *Stage) Read(ctx context.Context, namespace, metric, selector string) Answer {
	return read(ctx, s.Cluster.Client().RESTClient().Get(), Path(namespace, metric, selector))
}

// ReadFrom asks whomever the client speaks to, as one adapter past the API
// server. It asks once: what fails, and a client would try again, is seen.
func ReadFrom(ctx context.Context, client rest.Interface, namespace, metric, selector string) Answer {
	return read(ctx, client.Get().MaxRetries(0), Path(namespace, metric, selector))
}

func read(ctx context.Context, request *rest.Request, path string) Answer {
	a := Answer{At: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	result := request.RequestURI(path).Do(ctx)
	result.StatusCode(&a.Code)
	body, err := result.Raw()
	a.Took = time.Since(a.At)
	if err != nil {
		err = result.Error() // Raw knows the status, but not what it says
		a.Message = err.Error()
		if status := apierrors.APIStatus(nil); errors.As(err, &status) {
			a.Code, a.Message = int(status.Status().Code), status.Status().Message
		}
		return a
	}
	var list v1beta1.ExternalMetricValueList
	if err := json.Unmarshal(body, &list); err != nil {
		a.Code, a.Message = 0, "not a list of metrics: "+err.Error()
		return a
	}
	a.Items = list.Items
	return a
}

// Watch is a reader who asks again and again, and remembers all answers.
type Watch struct {
	mu      sync.Mutex
	answers []Answer
	stop    context.CancelFunc
	ended   chan struct{}
}

// Watch starts to read a metric every so often, until its Stop.
func (s *Stage) Watch(ctx context.Context, namespace, metric, selector string, every time.Duration) *Watch {
	return Repeat(ctx, every, func(ctx context.Context) Answer { return s.Read(ctx, namespace, metric, selector) })
}

// Repeat starts to read in any way every so often, until the Stop of the watch.
func Repeat(ctx context.Context, every time.Duration, read func(context.Context) Answer) *Watch {
	ctx, stop := context.WithCancel(ctx)
	w := &Watch{stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			a := read(ctx)
			if ctx.Err() != nil {
				return
			}
			w.mu.Lock()
			w.answers = append(w.answers, a)
			w.mu.Unlock()
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
	return w
}

// Stop ends the reading and waits for its end.
func (w *Watch) Stop() { w.stop(); <-w.ended }

// Answers are all so far, oldest first.
func (w *Watch) Answers() []Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Answer(nil), w.answers...)
}

// Failed are those that held no item.
func (w *Watch) Failed() []Answer {
	var failed []Answer
	for _, a := range w.Answers() {
		if !a.OK() {
			failed = append(failed, a)
		}
	}
	return failed
}

// Sources are the sources of the answers, each run of equal ones once.
func (w *Watch) Sources() []string {
	var sources []string
	for _, a := range w.Answers() {
		source := a.Label("source")
		if a.OK() && (len(sources) == 0 || sources[len(sources)-1] != source) {
			sources = append(sources, source)
		}
	}
	return sources
}
