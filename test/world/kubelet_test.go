package world

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
)

// scrape reads node-0 as of a moment, by family and then by "POD/CONTAINER".
func (w *World) scrape(t *testing.T, now time.Time) map[string]map[string]*dto.Metric {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(w.resourceMetrics(now, "node-0"))))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]map[string]*dto.Metric)
	for name, family := range families {
		found[name] = make(map[string]*dto.Metric)
		for _, m := range family.Metric {
			labels := make(map[string]string)
			for _, l := range m.Label {
				labels[l.GetName()] = l.GetValue()
			}
			found[name][labels["pod"]+"/"+labels["container"]] = m
		}
	}
	return found
}

func TestAKubeletReportsWhatMetricsServerReads(t *testing.T) {
	w := build(t, item(), podNamed("a"), podNamed("b", func(p *corev1.Pod) { p.Spec.NodeName = "node-1" }))
	got := w.scrape(t, after(10))
	cpu := got["container_cpu_usage_seconds_total"]
	if len(cpu) != 2 || !near(cpu["a/app"].Counter.GetValue(), 10*0.21+1e-6) || cpu["a/app"].GetTimestampMs() != after(10).UnixMilli() {
		t.Errorf("CPU is %v", cpu)
	}
	if memory := got["container_memory_working_set_bytes"]["a/app"]; memory.Gauge.GetValue() <= 0 || memory.GetTimestampMs() == 0 {
		t.Errorf("memory is %v", memory)
	}
	if started := got["container_start_time_seconds"]["a/app"]; started.Gauge.GetValue() != float64(start.Unix()) {
		t.Errorf("it started at %v", started)
	}
	if node := got["node_cpu_usage_seconds_total"]["/"]; node.Counter.GetValue() <= 3.1 || node.GetTimestampMs() == 0 {
		t.Errorf("the node has used %v", node)
	}
	if got["node_memory_working_set_bytes"]["/"].Gauge.GetValue() <= 0 {
		t.Error("the node has no memory")
	}
}

func TestACounterIsNeverZero(t *testing.T) {
	still := item()
	still.Load, still.Idle = 0, nil
	w := build(t, still, podNamed("a"))
	for key, m := range w.scrape(t, after(5))["container_cpu_usage_seconds_total"] {
		// metrics-server truncates to whole nanoseconds.
		if uint64(m.Counter.GetValue()*1e9) == 0 {
			t.Errorf("%s has used nothing", key)
		}
	}
}

func TestKubeletFaults(t *testing.T) {
	tests := map[string]struct {
		fault KubeletFault
		pods  []string // whose app is reported 20 s after the start
		at    time.Time
	}{
		"Pods of a namespace are dropped":       {KubeletFault{Kind: KubeletDrop, Namespace: "shop"}, nil, time.Time{}},
		"Pods of another namespace are dropped": {KubeletFault{Kind: KubeletDrop, Namespace: "bank"}, []string{"a", "b"}, after(20)},
		"one Pod is dropped":                    {KubeletFault{Kind: KubeletDrop, PodPrefix: "a"}, []string{"b"}, after(20)},
		"Pods of another node are dropped":      {KubeletFault{Kind: KubeletDrop, Node: "node-1"}, []string{"a", "b"}, after(20)},
		"data stopped":                          {KubeletFault{Kind: KubeletStale, Since: after(5)}, []string{"a", "b"}, after(5)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := build(t, item(), podNamed("a"), podNamed("b"))
			w.SetKubeletFaults(test.fault)
			cpu := w.scrape(t, after(20))["container_cpu_usage_seconds_total"]
			if len(cpu) != 2*len(test.pods) {
				t.Errorf("got %d containers of the Pods %v", len(cpu), test.pods)
			}
			for _, pod := range test.pods {
				if m := cpu[pod+"/app"]; m == nil || m.GetTimestampMs() != test.at.UnixMilli() ||
					!near(m.Counter.GetValue(), 0.21*test.at.Sub(start).Seconds()+1e-6) {
					t.Errorf("%s reads %v", pod, m)
				}
			}
			w.SetKubeletFaults()
			if n := len(w.scrape(t, after(20))["container_cpu_usage_seconds_total"]); n != 4 {
				t.Errorf("after the fault %d containers are reported", n)
			}
		})
	}
}

func TestAKubeletCanBeUnavailable(t *testing.T) {
	w := build(t, item(), podNamed("a"))
	get := func(ctx context.Context, node string) int {
		rw := httptest.NewRecorder()
		w.Kubelet().ServeHTTP(rw, httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics/resource/"+node, http.NoBody))
		return rw.Code
	}
	w.SetKubeletFaults(KubeletFault{Kind: KubeletUnavailable, Node: "node-0"})
	if got := get(t.Context(), "node-0"); got != http.StatusServiceUnavailable {
		t.Errorf("node-0 answers %d", got)
	}
	if got := get(t.Context(), "node-1"); got != http.StatusOK {
		t.Errorf("node-1 answers %d", got)
	}
}

func TestAKubeletCanHang(t *testing.T) {
	w := build(t, item(), podNamed("a"))
	w.SetKubeletFaults(KubeletFault{Kind: KubeletHang})
	server := httptest.NewServer(w.Kubelet())
	defer server.Close()
	client := &http.Client{Timeout: 50 * time.Millisecond}
	if answer, err := client.Get(server.URL + "/metrics/resource/node-0"); err == nil {
		answer.Body.Close()
		t.Errorf("it answered %s", answer.Status)
	}
}
