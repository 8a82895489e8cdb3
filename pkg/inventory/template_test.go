package inventory

import (
	"fmt"
	"maps"
	"runtime"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func TestPodsThatAreAlikeKeepOneTemplate(t *testing.T) {
	base := func(change func(*corev1.Pod)) *corev1.Pod {
		pod := readyPod("p", "item", noon)
		pod.Labels = map[string]string{"app": "item", "version": "1"}
		pod.Spec.Containers = []corev1.Container{{Name: "app", Resources: requests("200m")}, {Name: "proxy", Resources: requests("100m")}}
		change(pod)
		return pod
	}
	cases := map[string]struct {
		change func(*corev1.Pod)
		alike  bool
	}{
		"another name, and not Ready":  {func(p *corev1.Pod) { p.Name, p.Status = "q", corev1.PodStatus{} }, true},
		"another namespace":            {func(p *corev1.Pod) { p.Namespace = "bank" }, false},
		"a label more":                 {func(p *corev1.Pod) { p.Labels["track"] = "canary" }, false},
		"another value of a label":     {func(p *corev1.Pod) { p.Labels["version"] = "2" }, false},
		"another request":              {func(p *corev1.Pod) { p.Spec.Containers[0].Resources = requests("300m") }, false},
		"the same requests, exchanged": {func(p *corev1.Pod) { p.Spec.Containers[0].Name, p.Spec.Containers[1].Name = "proxy", "app" }, false},
		"a container less":             {func(p *corev1.Pod) { p.Spec.Containers = p.Spec.Containers[:1] }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			reader := new(podReader)
			one, other := trimmed(t, reader, base(func(*corev1.Pod) {})), trimmed(t, reader, base(c.change))
			if alike := one.template == other.template; alike != c.alike {
				t.Errorf("the Pods have one template: %t, want %t", alike, c.alike)
			}
			want := base(c.change)
			is := podOf(want)
			if other.namespace != want.Namespace || !maps.Equal(other.labels, want.Labels) || !samePod(&other.pod, &is) {
				t.Errorf("the record is of another Pod: %+v", other)
			}
		})
	}
}

func TestATemplateIsForgottenWithItsLastPod(t *testing.T) {
	reader := new(podReader)
	kept := trimmed(t, reader, readyPod("stays", "item", noon))
	for i := range 100 {
		trimmed(t, reader, readyPod("goes", fmt.Sprint("item-", i), noon))
	}
	deadline := time.Now().Add(10 * time.Second)
	for count(reader) > 1 && time.Now().Before(deadline) {
		runtime.GC() // the clean-up runs some time after it
		runtime.Gosched()
	}
	if n := count(reader); n != 1 {
		t.Errorf("%d templates are kept, want that of the one Pod that is there", n)
	}
	if again := trimmed(t, reader, readyPod("comes", "item", noon)); again.template != kept.template {
		t.Error("the template of a Pod that is there was forgotten")
	}
}

func trimmed(t testing.TB, reader *podReader, pod *corev1.Pod) *podRecord {
	t.Helper()
	obj, err := reader.trim(pod)
	if err != nil {
		t.Fatal(err)
	}
	return obj.(*podRecord)
}

func count(reader *podReader) int {
	reader.templates.mu.Lock()
	defer reader.templates.mu.Unlock()
	return len(reader.templates.byKey)
}
