package inventory

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// metricOf is a metric of Crest with a target of type Value.
func metricOf(name, value string, selector map[string]string) autoscalingv2.MetricSpec {
	target := resource.MustParse(value)
	return autoscalingv2.MetricSpec{
		Type: autoscalingv2.ExternalMetricSourceType,
		External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: name, Selector: &metav1.LabelSelector{MatchLabels: selector}},
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &target},
		},
	}
}

// with is hpaOf(item) after a change.
func with(name string, change func(*autoscalingv2.HorizontalPodAutoscaler)) *autoscalingv2.HorizontalPodAutoscaler {
	h := hpaOf(name, item)
	change(h)
	return h
}

func withMetrics(name string, metrics ...autoscalingv2.MetricSpec) *autoscalingv2.HorizontalPodAutoscaler {
	return with(name, func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Metrics = metrics })
}

func demandOf(hpas ...*autoscalingv2.HorizontalPodAutoscaler) *demand {
	reader := hpaReader{metrics: metricNames, parse: parse}
	records := make([]*hpaRecord, 0, len(hpas))
	for _, h := range hpas {
		records = append(records, reader.read(h))
	}
	return newDemand(records, newKindTable(kinds), metricNames)
}

func TestMisuses(t *testing.T) {
	zero, byItem := int32(0), map[string]string{"deployment": "item"}
	asleep := func(metrics ...autoscalingv2.MetricSpec) *autoscalingv2.HorizontalPodAutoscaler {
		return with("h", func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Spec.MinReplicas = &zero
			h.Spec.Metrics = append(h.Spec.Metrics, metrics...)
		})
	}
	cases := map[string]struct {
		hpas []*autoscalingv2.HorizontalPodAutoscaler
		// want are HPA and reason, and a part of the note.
		want map[string]string
	}{
		"an HPA as the README shows it": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{hpaOf("h", item)},
		},
		"a target of type AverageValue": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{with("h", func(h *autoscalingv2.HorizontalPodAutoscaler) {
				q := resource.MustParse("70")
				h.Spec.Metrics[0].External.Target = autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &q}
			})},
			want: map[string]string{"shop/h AverageValueTarget": "set target.type to Value"},
		},
		"all containers of the metric that the HPA sums": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{withMetrics("h", metricOf("each", "70", byItem))},
			want: map[string]string{"shop/h SummedContainers": "adds them up; use max"},
		},
		"one container of that metric": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{withMetrics("h", metricOf("each", "70", map[string]string{"deployment": "item", "container": "app"}))},
		},
		"minReplicas 0 and nothing else": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{asleep()},
			want: map[string]string{"shop/h CannotWake": "set minReplicas to 1"},
		},
		"minReplicas 0 and a CPU metric, which needs Pods too": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{asleep(autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType})},
			want: map[string]string{"shop/h CannotWake": "zero Pods"},
		},
		"minReplicas 0 and an external metric of somebody else": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{asleep(metricOf("queue_length", "5", nil))},
		},
		"minReplicas 0 of an HPA that does not use Crest": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{with("h", func(h *autoscalingv2.HorizontalPodAutoscaler) {
				h.Spec.MinReplicas, h.Spec.Metrics = &zero, nil
			})},
		},
		"the metric of another workload": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{withMetrics("h", metricOf("max", "70", map[string]string{"deployment": "itme"}))},
			want: map[string]string{"shop/h ForeignTarget": `the HPA scales deployment "item" in namespace "shop", but its metric is that of deployment "itme"`},
		},
		"a workload of a kind that is not configured": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{with("h", func(h *autoscalingv2.HorizontalPodAutoscaler) {
				h.Spec.ScaleTargetRef.Kind = "CloneSet"
			})},
			want: map[string]string{"shop/h ForeignTarget": `the HPA scales CloneSet "item"`},
		},
		"two HPAs with different targets": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{
				withMetrics("g", metricOf("max", "50", byItem)), withMetrics("h", metricOf("max", "70", byItem)),
			},
			want: map[string]string{"shop/g TargetsDisagree": "shop/g: 50, shop/h: 70", "shop/h TargetsDisagree": "give them one target"},
		},
		"two HPAs with different targets for different containers": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{
				withMetrics("g", metricOf("max", "50", map[string]string{"deployment": "item", "container": "app"})),
				withMetrics("h", metricOf("max", "70", byItem)),
			},
		},
		"two HPAs with one target, written differently": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{
				withMetrics("g", metricOf("max", "70000m", byItem)), withMetrics("h", metricOf("max", "70", byItem)),
			},
		},
		"a Pod average with another target, which is no target of the maximum": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{
				withMetrics("h", metricOf("max", "70", byItem), metricOf("average", "40", byItem)),
			},
		},
		"a selector outside the grammar": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{withMetrics("h", metricOf("max", "70", map[string]string{"nonsense": "item"}))},
			want: map[string]string{"shop/h BadSelector": "what a key"},
		},
		"a selector that names an HPA which does not exist": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{withMetrics("h", metricOf("max", "70", map[string]string{"hpa": "x"}))},
			want: map[string]string{"shop/h UnknownTarget": "hpa=x names an HPA that does not exist in namespace shop"},
		},
		"a selector that names an HPA whose kind is not configured": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{with("h", func(h *autoscalingv2.HorizontalPodAutoscaler) {
				h.Spec.ScaleTargetRef.Kind = "CloneSet"
				h.Spec.Metrics = []autoscalingv2.MetricSpec{metricOf("max", "70", map[string]string{"hpa": "h"})}
			})},
			want: map[string]string{"shop/h UnknownTarget": "not among the configured kinds of workload (deployment, rollout)"},
		},
		"a selector that names its own HPA": {
			hpas: []*autoscalingv2.HorizontalPodAutoscaler{withMetrics("h", metricOf("max", "70", map[string]string{"hpa": "h"}))},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := map[string]string{}
			for m, note := range demandOf(c.hpas...).misuses {
				got[m.hpa.String()+" "+string(m.reason)] = note
			}
			for key, part := range c.want {
				if !strings.Contains(got[key], part) {
					t.Errorf("%s: note %q, want one with %q", key, got[key], part)
				}
				delete(got, key)
			}
			for key, note := range got {
				t.Errorf("unexpected misuse %s: %s", key, note)
			}
		})
	}
}

func TestDemandsOfOneSelectionAreOneWant(t *testing.T) {
	byItem := map[string]string{"deployment": "item"}
	byApp := map[string]string{"deployment": "item", "container": "app"}
	d := demandOf(
		withMetrics("h", metricOf("max", "70", byItem), metricOf("average", "40", byItem)),
		withMetrics("g", metricOf("max", "70", map[string]string{"hpa": "h"})),
		withMetrics("f", metricOf("each", "60", byApp)),
		withMetrics("d", metricOf("average", "40", byApp)),
		withMetrics("e", metricOf("queue_length", "60", map[string]string{"queue": "q"})),
	)
	all := utilization.Selection{Workload: item}
	app := utilization.Selection{Workload: item, Containers: utilization.Only("app")}
	if want := []utilization.Want{{Selection: all, PodAverage: true}, {Selection: app, PodAverage: true}}; !slices.Equal(d.wanted, want) {
		t.Errorf("wanted = %v, want %v", d.wanted, want)
	}
	want := []utilization.Target{{HPA: "shop/g", Value: 70, Scales: true}, {HPA: "shop/h", Value: 70, Scales: true}}
	if got := d.asked[all].targets; !slices.Equal(got, want) {
		t.Errorf("targets = %v, want %v", got, want)
	}
	if got := d.asked[app].targets; len(got) != 1 || got[0].Value != 60 {
		t.Errorf("targets of the container = %v, want that of HPA f", got)
	}
	if want := []utilization.Workload{item}; !slices.Equal(d.workloads, want) {
		t.Errorf("workloads = %v, want %v", d.workloads, want)
	}
}

func TestAMisuseIsToldOnceAndAgainAfterItReturned(t *testing.T) {
	inCluster(t, func(c *cluster) {
		good, bad := hpaOf("h", item), withMetrics("h", metricOf("max", "70", map[string]string{"deployment": "itme"}))
		c.createHPA(bad)
		for range 3 {
			bad.Status.DesiredReplicas++
			c.updateHPA(bad)
		}
		if told, gauge := c.toldOf("ForeignTarget"), c.misuseGauge("ForeignTarget"); told != 1 || gauge != 1 {
			t.Errorf("told %d times, gauge %v; want 1 and 1", told, gauge)
		}
		c.updateHPA(good)
		if gauge := c.misuseGauge("ForeignTarget"); gauge != 0 {
			t.Errorf("gauge %v after it was fixed", gauge)
		}
		c.updateHPA(bad)
		if told := c.toldOf("ForeignTarget"); told != 2 {
			t.Errorf("told %d times, want once more after it returned", told)
		}
		if got := c.misuseGauge("TargetsDisagree"); got != 0 {
			t.Errorf("gauge of a reason that never occurred: %v", got)
		}
	})
}

// toldOf counts the log lines and demands as many Events of a reason.
func (c *cluster) toldOf(reason string) int {
	c.t.Helper()
	lines := 0
	for _, line := range c.log() {
		if strings.Contains(line, `"reason"="`+reason+`"`) {
			lines++
		}
	}
	list, err := c.core.CoreV1().Events("shop").List(c.t.Context(), metav1.ListOptions{})
	c.must(err)
	count := 0
	for _, e := range list.Items {
		if e.Reason == reason {
			count += int(e.Count)
		}
	}
	if count != lines {
		c.t.Errorf("%d Events, %d log lines of %s", count, lines, reason)
	}
	return lines
}

func (c *cluster) misuseGauge(reason string) float64 {
	return testutil.ToFloat64(c.misuses.gauge.WithLabelValues(reason))
}
