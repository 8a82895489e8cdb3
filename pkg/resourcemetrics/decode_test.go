package resourcemetrics

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/crest-hpa/crest/pkg/utilization"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// podMetrics is a Pod measured over the 15 s before noon; usage is container
// to CPU.
func podMetrics(name string, usage map[string]string) metricsv1beta1.PodMetrics {
	out := metricsv1beta1.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Timestamp:  metav1.NewTime(noon), Window: metav1.Duration{Duration: 15 * time.Second},
	}
	for _, container := range slices.Sorted(maps.Keys(usage)) {
		out.Containers = append(out.Containers, metricsv1beta1.ContainerMetrics{
			Name: container, Usage: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(usage[container])},
		})
	}
	return out
}

func TestUsageOfAPod(t *testing.T) {
	changed := func(change func(*metricsv1beta1.PodMetrics)) metricsv1beta1.PodMetrics {
		m := podMetrics("item-1", map[string]string{"app": "250m"})
		change(&m)
		return m
	}
	cases := map[string]struct {
		item metricsv1beta1.PodMetrics
		// want is nil where the Pod is dropped.
		want map[string]utilization.Nanocores
	}{
		"millicores, nanocores and cores": {
			item: podMetrics("item-1", map[string]string{"app": "250m", "istio-proxy": "123456789n", "big": "96"}),
			want: map[string]utilization.Nanocores{"app": 250_000_000, "istio-proxy": 123_456_789, "big": 96_000_000_000},
		},
		"an idle container":             {item: podMetrics("item-1", map[string]string{"app": "0"}), want: map[string]utilization.Nanocores{"app": 0}},
		"no container":                  {item: podMetrics("item-1", nil)},
		"negative usage of one":         {item: podMetrics("item-1", map[string]string{"app": "250m", "istio-proxy": "-1n"})},
		"more than there are cores":     {item: podMetrics("item-1", map[string]string{"app": "1E"})},
		"no name":                       {item: podMetrics("", map[string]string{"app": "1"})},
		"no timestamp":                  {item: changed(func(m *metricsv1beta1.PodMetrics) { m.Timestamp = metav1.Time{} })},
		"no window":                     {item: changed(func(m *metricsv1beta1.PodMetrics) { m.Window.Duration = 0 })},
		"a window that ends before it":  {item: changed(func(m *metricsv1beta1.PodMetrics) { m.Window.Duration = -time.Second })},
		"a container without CPU usage": {item: changed(func(m *metricsv1beta1.PodMetrics) { m.Containers[0].Usage = nil })},
		"a container without a name":    {item: changed(func(m *metricsv1beta1.PodMetrics) { m.Containers[0].Name = "" })},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			pods, dropped := decode(&metricsv1beta1.PodMetricsList{Items: []metricsv1beta1.PodMetrics{c.item}})
			if c.want == nil {
				if len(pods) != 0 || dropped != 1 {
					t.Fatalf("decoded %v, dropped %d; want it dropped", pods, dropped)
				}
				return
			}
			got := pods["item-1"]
			if !maps.Equal(got.Containers, c.want) || dropped != 0 {
				t.Errorf("containers = %v, want %v", got.Containers, c.want)
			}
			if want := (utilization.Span{Begin: noon.Add(-15 * time.Second), End: noon}); got.Span != want || got.Pod != "item-1" {
				t.Errorf("span %v of %q, want %v of item-1", got.Span, got.Pod, want)
			}
		})
	}
}

func TestABadPodDoesNotDropItsNeighbours(t *testing.T) {
	pods, dropped := decode(&metricsv1beta1.PodMetricsList{Items: []metricsv1beta1.PodMetrics{
		podMetrics("bad", map[string]string{"app": "-1"}), podMetrics("good", map[string]string{"app": "1"}),
	}})
	if len(pods) != 1 || dropped != 1 || pods["good"].Pod != "good" {
		t.Errorf("decoded %v, dropped %d", pods, dropped)
	}
}

func FuzzDecode(f *testing.F) {
	seed, err := json.Marshal(metricsv1beta1.PodMetricsList{Items: []metricsv1beta1.PodMetrics{
		podMetrics("item-1", map[string]string{"app": "250m", "istio-proxy": "123456789n"}),
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"items":[{"metadata":{"name":"p"},"timestamp":"2026-03-01T12:00:00Z","window":"15s","containers":[{"name":"app","usage":{"cpu":"1e40"}}]}]}`))
	f.Add([]byte(`{"items":[{"metadata":{"name":"p"},"timestamp":"0001-01-01T00:00:00Z","window":"-15s","containers":[{"usage":{"cpu":"-1"}}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var list metricsv1beta1.PodMetricsList
		if json.Unmarshal(body, &list) != nil {
			return
		}
		pods, dropped := decode(&list)
		if len(pods)+dropped > len(list.Items) {
			t.Errorf("%d Pods and %d dropped, of %d", len(pods), dropped, len(list.Items))
		}
		for name, p := range pods {
			if name == "" || p.Pod != name || len(p.Containers) == 0 || p.End.IsZero() || !p.Begin.Before(p.End) {
				t.Errorf("unusable Pod %q: %+v", name, p)
			}
			for container, usage := range p.Containers {
				if container == "" || usage < 0 || usage > utilization.Nanocores(mostCPU.Value())*1_000_000_000 {
					t.Errorf("container %q of %q uses %d", container, name, usage)
				}
			}
		}
	})
}
