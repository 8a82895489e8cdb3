package soak

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crest-hpa/crest/test/world"
)

// place makes a world of one service whose containers are at the target at
// perPod for each Pod.
func place(t *testing.T) *world.World {
	t.Helper()
	w := world.New(world.Options{})
	if err := w.SetService(Workloads()[0].service("soak")); err != nil {
		t.Fatal(err)
	}
	return w
}

func runningPod(name string, ready corev1.ConditionStatus) *corev1.Pod {
	request := func(cpu string) corev1.ResourceRequirements {
		return corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}}
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "soak", Name: name, UID: types.UID(name), Labels: map[string]string{"app": "item"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{
			{Name: "app", Resources: request("200m")}, {Name: "istio-proxy", Resources: request("100m")},
		}},
		Status: corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}},
		},
	}
}

func TestBoundsOfDatadogAreThoseOfAnyOfThePods(t *testing.T) {
	w := place(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		w.SetPod(at(0), runningPod(name, corev1.ConditionTrue))
	}
	w.Step(at(0))
	if got := boundsOfTracks(w.Tracks(at(1), at(5)), at(1), at(5)); !near(got, 70, 70) {
		t.Errorf("while all Pods serve: %+v, want 70 to 70", got)
	}
	w.SetPod(at(5), runningPod("d", corev1.ConditionFalse))
	w.Step(at(5))
	// Three Pods bear the load of four; the fourth idles.
	if got := boundsOfTracks(w.Tracks(at(6), at(9)), at(6), at(9)); !near(got, 0, 70*4/3.) {
		t.Errorf("while one of four is hung: %+v, want 0 to 93.3", got)
	}
	if got := boundsOfTracks(w.Tracks(at(4), at(9)), at(4), at(5)); !near(got, 70, 70) {
		t.Errorf("before it was hung: %+v, want 70 to 70", got)
	}
	if got := boundsOfTracks(nil, at(4), at(9)); got.Known {
		t.Errorf("of nothing: %+v, want nothing known", got)
	}
}

func near(got Bounds, low, high float64) bool {
	same := func(a, b float64) bool { return a-b < 0.1 && b-a < 0.1 }
	return got.Known && same(got.Low, low) && same(got.High, high)
}

func TestBoundsOfMetricsServerAreThoseOfThePodsThatServe(t *testing.T) {
	sights := []Sight{{Serving: 4, Max: 60, Average: 30}, {Serving: 4, Max: 80, Average: 40}, {Serving: 0}}
	if got := boundsOfSights(sights, false); !near(got, 60, 80) {
		t.Errorf("of the maximum: %+v, want 60 to 80", got)
	}
	if got := boundsOfSights(sights, true); !near(got, 30, 40) {
		t.Errorf("of the average: %+v, want 30 to 40", got)
	}
	if got := boundsOfSights(sights[2:], true); got.Known {
		t.Errorf("of nothing that serves: %+v, want nothing known", got)
	}
}

func TestNeedIsWhatAnHPAWouldAskForAtLeast(t *testing.T) {
	item, front := Workloads()[0], Workloads()[1]
	for name, test := range map[string]struct{ got, want int }{
		"whole Pods":                  {item.Need(4, false, 1), 4},
		"a load within the tolerance": {item.Need(4.5, false, 1), 4},
		"a load beyond the tolerance": {item.Need(4.6, false, 1), 5},
		"more than the HPA may give":  {item.Need(100, false, 1), mostReplicas},
		"by an average that hides it": {front.Need(8, true, 1), 3}, // 28.7 % of 70 % of 8
		"half of the Pods idle":       {item.Need(9, false, 0.5), 4},
	} {
		if test.got != test.want {
			t.Errorf("%s: %d Pods, want %d", name, test.got, test.want)
		}
	}
}

func TestAScrapeCountsWhatIsChecked(t *testing.T) {
	text := `
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.5
# TYPE go_goroutines gauge
go_goroutines 42
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1e+08
# TYPE crest_datadog_requests_total counter
crest_datadog_requests_total{code="200"} 7
crest_datadog_requests_total{code="refused"} 3
# TYPE crest_answer_duration_seconds histogram
crest_answer_duration_seconds_bucket{metric="max_container_cpu_utilization",le="0.01"} 90
crest_answer_duration_seconds_bucket{metric="max_container_cpu_utilization",le="0.1"} 98
crest_answer_duration_seconds_bucket{metric="max_container_cpu_utilization",le="0.5"} 99
crest_answer_duration_seconds_bucket{metric="max_container_cpu_utilization",le="+Inf"} 100
crest_answer_duration_seconds_sum{metric="max_container_cpu_utilization"} 1
crest_answer_duration_seconds_count{metric="max_container_cpu_utilization"} 100
`
	got, err := parseScrape(strings.NewReader(text), noon)
	want := Scrape{At: noon, Process: 1.5, Goroutines: 42, Memory: 1e8, Answers: 100, Slow: 2, Calls: 10}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := parseScrape(strings.NewReader(""), noon); err == nil {
		t.Error("nothing is taken for a scrape")
	}
}

func TestATimeSpanOfAnAnswerEndsWhenItWasThere(t *testing.T) {
	a := Answer{Source: "metrics-server", Begin: at(10), End: at(12), Done: at(14)}
	if from, to := a.span(); !from.Equal(at(10).Add(-slack)) || !to.Equal(at(14)) {
		t.Errorf("from %s to %s", clock(from), clock(to))
	}
	a.Done = at(12).Add(time.Minute)
	if _, to := a.span(); !to.Equal(at(12 + 15)) {
		t.Errorf("to %s", clock(to))
	}
}
