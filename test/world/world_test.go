package world

import (
	"fmt"
	"math"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

var start = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// after is a moment some seconds after the start.
func after(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

// podNamed is a Pod shop/NAME on node-0, Running and Ready, with app (1 core
// requested) and istio-proxy (500m).
func podNamed(name string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, UID: types.UID(name), Labels: map[string]string{"app": "item"},
		},
		Spec: corev1.PodSpec{
			NodeName:   "node-0",
			Containers: []corev1.Container{containerNamed("app", "1"), containerNamed("istio-proxy", "500m")},
		},
		Status: corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

func containerNamed(name, cpu string) corev1.Container {
	c := corev1.Container{Name: name}
	if cpu != "" {
		c.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
	}
	return c
}

func notReady(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionFalse }
func pending(p *corev1.Pod)  { notReady(p); p.Status.Phase = corev1.PodPending }
func ending(p *corev1.Pod)   { p.DeletionTimestamp = &metav1.Time{Time: start} }

// item costs 2 ms in app and 1 ms in istio-proxy a request.
func item() Service {
	return Service{
		Namespace: "shop", Name: "item", Selector: map[string]string{"app": "item"}, Load: 200,
		Cost: map[string]CPUSeconds{"app": 0.002, "istio-proxy": 0.001},
		Idle: map[string]Cores{"app": 0.01},
		Hung: map[string]Cores{"app": 0.9},
	}
}

// build makes a world of one service and some Pods, and steps it.
func build(t *testing.T, s Service, pods ...*corev1.Pod) *World {
	t.Helper()
	w := New(Options{})
	if err := w.SetService(s); err != nil {
		t.Fatal(err)
	}
	for _, p := range pods {
		w.SetPod(start, p)
	}
	w.Step(start)
	return w
}

// mean is the usage of a container in a span; NaN if it did not run all along.
func (w *World) mean(pod, container string, from, to time.Time) float64 {
	for _, t := range w.Tracks(from, to) {
		if t.Pod != pod || t.Container != container {
			continue
		}
		if usage, ok := t.Mean(from, to); ok {
			return float64(usage)
		}
	}
	return math.NaN()
}

func near(got, want float64) bool { return math.Abs(got-want) < 1e-6 }

func TestUsage(t *testing.T) {
	burst := item()
	burst.Startup = Burst{Cores: map[string]Cores{"app": 0.5}, For: time.Minute}
	limited := item()
	limited.Limit = map[string]Cores{"app": 0.1}
	elsewhere := item()
	elsewhere.Selector = map[string]string{"app": "cart"}
	tests := map[string]struct {
		service    Service
		pods       []*corev1.Pod
		app, proxy float64 // of the first Pod
	}{
		"load is spread over Ready Pods":     {item(), []*corev1.Pod{podNamed("a"), podNamed("b")}, 0.01 + 0.2, 0.1},
		"one Pod bears all of it":            {item(), []*corev1.Pod{podNamed("a")}, 0.01 + 0.4, 0.2},
		"a Pod that is not Ready bears none": {item(), []*corev1.Pod{podNamed("a"), podNamed("b", notReady)}, 0.01 + 0.4, 0.2},
		"a terminating Pod bears none":       {item(), []*corev1.Pod{podNamed("a"), podNamed("b", ending)}, 0.01 + 0.4, 0.2},
		"a Pending Pod bears none":           {item(), []*corev1.Pod{podNamed("a"), podNamed("b", pending)}, 0.01 + 0.4, 0.2},
		"a hung Pod uses what is said of it": {item(), []*corev1.Pod{podNamed("a", notReady), podNamed("b")}, 0.9, 0},
		"a terminating Pod idles":            {item(), []*corev1.Pod{podNamed("a", ending), podNamed("b")}, 0.01, 0},
		"a container that starts uses more":  {burst, []*corev1.Pod{podNamed("a"), podNamed("b")}, 0.01 + 0.2 + 0.5, 0.1},
		"a limit caps":                       {limited, []*corev1.Pod{podNamed("a")}, 0.1, 0.2},
		"a Pod of no service idles":          {elsewhere, []*corev1.Pod{podNamed("a")}, 0.001, 0.001},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := build(t, test.service, test.pods...)
			app, proxy := w.mean("a", "app", start, after(10)), w.mean("a", "istio-proxy", start, after(10))
			if !near(app, test.app) || !near(proxy, test.proxy) {
				t.Errorf("app uses %g, istio-proxy %g; want %g, %g", app, proxy, test.app, test.proxy)
			}
		})
	}
}

func TestTheMeanOverAChangeIsExact(t *testing.T) {
	w := build(t, item(), podNamed("a"))
	if err := w.SetLoad("shop", "item", 400); err != nil {
		t.Fatal(err)
	}
	w.Step(after(15))
	if got, want := w.mean("a", "istio-proxy", start, after(20)), (15*0.2+5*0.4)/20; !near(got, want) {
		t.Errorf("got %g, want %g", got, want)
	}
}

func TestLoadCanBeAFunctionOfTime(t *testing.T) {
	w := build(t, item(), podNamed("a"))
	ramp := func(now time.Time) RPS { return RPS(100 * now.Sub(start).Seconds()) }
	if err := w.SetLoadFunc("shop", "item", ramp); err != nil {
		t.Fatal(err)
	}
	w.Step(after(1))
	w.Step(after(2))
	if got := w.mean("a", "istio-proxy", after(1), after(3)); !near(got, 0.15) {
		t.Errorf("got %g, want 0.15", got)
	}
	if err := w.SetLoad("shop", "nothing", 1); err == nil {
		t.Error("the load of a service that is not there was set")
	}
}

func TestTheBurstOfAStartEnds(t *testing.T) {
	s := item()
	s.Startup = Burst{Cores: map[string]Cores{"istio-proxy": 0.5}, For: 30 * time.Second}
	w := build(t, s, podNamed("a"))
	w.Step(after(30))
	if got := w.mean("a", "istio-proxy", after(30), after(40)); !near(got, 0.2) {
		t.Errorf("got %g, want 0.2", got)
	}
}

func TestWhichContainersCount(t *testing.T) {
	always, onFailure := corev1.ContainerRestartPolicyAlways, corev1.ContainerRestartPolicyOnFailure
	w := build(t, item(), podNamed("a", func(p *corev1.Pod) {
		sidecar := containerNamed("native", "100m")
		sidecar.RestartPolicy = &always
		retried := containerNamed("retried", "1")
		retried.RestartPolicy = &onFailure
		p.Spec.InitContainers = []corev1.Container{containerNamed("init", "1"), retried, sidecar}
		p.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debug"}}}
	}))
	got := make(map[string]bool)
	for _, track := range w.Tracks(start, after(1)) {
		got[track.Container] = true
	}
	if fmt.Sprint(got) != fmt.Sprint(map[string]bool{"app": true, "istio-proxy": true, "native": true}) {
		t.Errorf("got %v", got)
	}
}

// running sets the status of the container app.
func running(restarts int32, started time.Time) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: "app", RestartCount: restarts,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Time{Time: started}}},
		}}
	}
}

func TestARestartBeginsANewCounter(t *testing.T) {
	w := build(t, item(), podNamed("a", running(0, start)))
	w.SetPod(after(10), podNamed("a", running(1, after(10))))
	w.Step(after(10))
	var lives []*Track
	for _, track := range w.Tracks(start, after(20)) {
		if track.Container == "app" {
			lives = append(lives, track)
		}
	}
	if len(lives) != 2 {
		t.Fatalf("got %d lives, want 2", len(lives))
	}
	for _, life := range lives {
		if !life.Ended.IsZero() && !life.Ended.Equal(after(10)) {
			t.Errorf("the first life ended at %s", life.Ended)
		}
		if life.Ended.IsZero() && (!life.Started.Equal(after(10)) || life.Counter(after(11)) > 1) {
			t.Errorf("the second life began at %s and has used %g s", life.Started, life.Counter(after(11)))
		}
	}
}

func TestAContainerThatDoesNotRunHasNoTrack(t *testing.T) {
	waiting := func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "app", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}}}
	}
	w := build(t, item(), podNamed("a", waiting), podNamed("b", pending))
	for _, track := range w.Tracks(start, after(1)) {
		if track.Container == "app" || track.Pod == "b" {
			t.Errorf("%s of %s runs", track.Container, track.Pod)
		}
	}
}

func TestADeletedPodIsRememberedForAsLongAsTheHistory(t *testing.T) {
	w := build(t, item(), podNamed("a"))
	w.DeletePod(after(60), "a")
	w.Step(after(61))
	if got := w.mean("a", "istio-proxy", after(30), after(60)); !near(got, 0.2) {
		t.Errorf("before its end it used %g, want 0.2", got)
	}
	if got := w.mean("a", "istio-proxy", after(30), after(61)); !math.IsNaN(got) {
		t.Errorf("a span beyond its end reads %g", got)
	}
	w.Step(after(60 + 15*60 + 1))
	if got := w.Tracks(start, after(2000)); len(got) != 0 {
		t.Errorf("%d tracks are remembered for ever", len(got))
	}
}

func TestAServiceCanBeReplacedAndRemoved(t *testing.T) {
	w := build(t, item(), podNamed("a"))
	double := item()
	double.Load = 400
	if err := w.SetService(double); err != nil {
		t.Fatal(err)
	}
	w.Step(after(1))
	w.RemoveService("shop", "item")
	w.Step(after(2))
	for second, want := range map[float64]float64{0: 0.2, 1: 0.4, 2: float64(DefaultIdle)} {
		if got := w.mean("a", "istio-proxy", after(second), after(second+1)); !near(got, want) {
			t.Errorf("in second %g it used %g, want %g", second, got, want)
		}
	}
	if err := w.SetService(Service{Namespace: "shop", Name: "all"}); err == nil {
		t.Error("a service without a selector was accepted")
	}
}

func TestOwner(t *testing.T) {
	owned := func(kind, name string) func(*corev1.Pod) {
		controller := true
		return func(p *corev1.Pod) {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, Controller: &controller}}
		}
	}
	rollout := func(p *corev1.Pod) { p.Labels[rolloutHash] = "6d5f7c8b9" }
	tests := map[string]struct {
		pod  *corev1.Pod
		want Owner
	}{
		"a Deployment":                        {podNamed("a", owned("ReplicaSet", "item-6d5f7c8b9")), Owner{Kind: "Deployment", Name: "item"}},
		"a Deployment with dashes":            {podNamed("a", owned("ReplicaSet", "item-v2-6d5f7c8b9")), Owner{Kind: "Deployment", Name: "item-v2"}},
		"an Argo Rollout":                     {podNamed("a", owned("ReplicaSet", "item-6d5f7c8b9"), rollout), Owner{Kind: "Deployment", Name: "item", Rollout: true}},
		"a ReplicaSet of nobody":              {podNamed("a", owned("ReplicaSet", "item-backend")), Owner{Kind: "ReplicaSet", Name: "item-backend"}},
		"a StatefulSet whose name has a hash": {podNamed("a", owned("StatefulSet", "db-6d5")), Owner{Kind: "StatefulSet", Name: "db-6d5"}},
		"nobody":                              {podNamed("a"), Owner{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ownerOf(test.pod); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestACounterForgetsAndStaysExact(t *testing.T) {
	c := newCounter(0)
	second := int64(time.Second)
	for i := range int64(10_000) {
		c.set(i*second, Cores(1+i%2))
		c.forget((i - 100) * second)
	}
	if n := len(c.segments); n > 250 {
		t.Errorf("%d segments are kept for 100 s", n)
	}
	if got := c.at(9_999*second) - c.at(9_989*second); !near(float64(got), 15) {
		t.Errorf("got %g CPU seconds in 10 s, want 15", got)
	}
}

func TestACounterIsBounded(t *testing.T) {
	c := newCounter(0)
	for i := range int64(10_000) {
		c.set(i, Cores(1+i%2))
	}
	if n := len(c.segments); n > maxSegments {
		t.Errorf("got %d segments", n)
	}
}
