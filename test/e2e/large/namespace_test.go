package large

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

const (
	workloads = 100
	perEach   = 50 // Pods of two containers each
	nodes     = 20

	// The intervals are a third and a sixth of the defaults, as are those of
	// what Datadog's agents and metrics-server measure.
	interval = 5 * time.Second
	maxAge   = 30 * time.Second
)

var shared = scene.New("large", stage.Options{
	Cluster:       cluster.Options{Nodes: nodes, MetricsResolution: interval},
	AgentInterval: interval, Lag: time.Second,
	Config: stage.Config{
		Datadog: map[string]any{
			"interval": interval.String(), "retryInterval": "2s", "timeout": interval.String(), "maxAge": maxAge.String(),
		},
		Fallback: map[string]any{"interval": interval.String(), "maxAge": maxAge.String()},
	},
})

func TestMain(m *testing.M) { os.Exit(scene.Main(m, shared)) } //nolint:forbidigo // this is the program's main

func TestANamespaceOfThousandsOfPodsIsAnsweredRightlyByBothSources(t *testing.T) {
	ns := shared.Namespace(t)
	all := fill(t, ns)
	began := time.Now()
	scene.Eventually(t, "every answer is right, from Datadog", func() error {
		return each(t, all, func(w stage.Workload, b scene.Busy) scene.Want { return scene.Reads("datadog", b["istio-proxy"], 2) })
	})
	t.Logf("Datadog answered for all after %s", time.Since(began).Round(time.Second))
	shared.AwaitFallback(t, all[0].workload)

	begin := shared.Metrics(t)
	spec, asked := generations(t, ns), time.Now()
	var watches []*stage.Watch
	for i := 0; i < workloads; i += workloads / 5 {
		watches = append(watches, scene.Watch(t, time.Second/2, shared.Maximum(all[i].workload)))
	}
	// What is read of metrics-server meanwhile must not keep Datadog's data waiting.
	scene.Consistently(t, 4*interval, "Datadog's data are young", func() error {
		for _, seen := range watches {
			if err := young(seen); err != nil {
				return err
			}
		}
		return nil
	})
	wantCalls(t, asked)

	shared.Strike(t, datadogsim.Fault{Kind: datadogsim.Refuse})
	scene.Eventually(t, "every answer is right, from metrics-server", func() error {
		return each(t, all, func(_ stage.Workload, b scene.Busy) scene.Want {
			return scene.Reads("metrics-server", (b["istio-proxy"]+2*b["app"])/3, 2)
		})
	})
	for _, seen := range watches {
		scene.WantSources(t, seen, "datadog", "metrics-server")
	}
	if now := generations(t, ns); !slices.Equal(now, spec) {
		t.Errorf("replicas were changed under a constant load: the generations were %v and are %v", spec, now)
	}

	// One of them grows, among all the others.
	shared.SetLoad(t, all[1].workload, 1.5*perEach)
	shared.AwaitReplicas(t, all[1].workload, perEach+1, 2*perEach)
	wantLists(t, begin)
	shared.Heal(t)
	scene.Eventually(t, "every answer is Datadog's again", func() error {
		return each(t, all[2:], func(_ stage.Workload, b scene.Busy) scene.Want { return scene.Reads("datadog", b["istio-proxy"], 2) })
	})
}

// young is an error if the newest answer of a watch failed, or is of data that
// are older than what a flow without any delay may bring.
func young(seen *stage.Watch) error {
	answers := seen.Answers()
	if len(answers) == 0 {
		return nil
	}
	a := answers[len(answers)-1]
	if !a.OK() || a.Label("source") != "datadog" {
		return fmt.Errorf("want a value from Datadog, and the answer is %s", a)
	}
	if age := a.At.Sub(a.Items[0].Timestamp.Time); age > maxAge/2 {
		return fmt.Errorf("an answer is of data that are %s old: %s", age, a)
	}
	return nil
}

// wantLists reports LISTs of PodMetrics since the beginning that failed, or took
// longer than the interval, after which they are cut off.
func wantLists(t *testing.T, begin scene.Metrics) {
	t.Helper()
	const requests, duration = "crest_metrics_server_requests_total", "crest_metrics_server_request_duration_seconds"
	end := shared.Metrics(t)
	ok := map[string]string{"code": "200"}
	good := end.Sum(requests, ok) - begin.Sum(requests, ok)
	bad := end.Sum(requests, nil) - begin.Sum(requests, nil) - good
	was, is := begin[duration].GetMetric()[0].GetHistogram(), end[duration].GetMetric()[0].GetHistogram()
	n := float64(is.GetSampleCount() - was.GetSampleCount())
	mean := time.Duration((is.GetSampleSum() - was.GetSampleSum()) / n * float64(time.Second))
	t.Logf("%.0f LISTs of PodMetrics were good and %.0f bad; a mean one took %s", good, bad, mean.Round(time.Millisecond))
	if good == 0 || bad > 0 || mean > interval/2 {
		t.Errorf("want some LISTs, none that fails, and each well within the interval of %s", interval)
	}
}

// wantCalls reports more calls to Datadog since then than one an interval.
func wantCalls(t *testing.T, since time.Time) {
	t.Helper()
	var took time.Duration
	calls := slices.DeleteFunc(shared.Datadog.Requests(), func(r datadogsim.Request) bool { return r.Time.Before(since) })
	for _, r := range calls {
		took = max(took, r.Took)
	}
	span := time.Since(since)
	t.Logf("%d calls to Datadog in %s; the slowest took it %s", len(calls), span.Round(time.Second), took.Round(time.Millisecond))
	if most := int(span/interval) + 1; len(calls) > most {
		t.Errorf("%d calls to Datadog in %s, where %d are due", len(calls), span, most)
	}
}

// generations are those of all Deployments, in the order of their names: they
// count the changes of replicas.
func generations(t *testing.T, namespace string) []int64 {
	t.Helper()
	list, err := shared.Cluster.Client().AppsV1().Deployments(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var all []int64
	for i := range list.Items {
		all = append(all, list.Items[i].Generation)
	}
	return all
}

// each is the first error of an answer about a workload.
func each(t *testing.T, all []tenant, want func(stage.Workload, scene.Busy) scene.Want) error {
	t.Helper()
	for _, w := range all {
		a := shared.Maximum(w.workload)(context.WithoutCancel(t.Context()))
		if err := want(w.workload, w.busy)(a); err != nil {
			return fmt.Errorf("%s: %w; the answer is %s", w.workload.Name, err, a)
		}
	}
	return nil
}
