package inventory

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/crest-hpa/crest/pkg/utilization"
)

func podNamed(name string, set map[string]string) *podRecord {
	return &podRecord{
		template: &template{namespace: "shop", labels: set},
		pod:      utilization.Pod{Name: name, Running: true, Ready: true, ReadySince: noon},
	}
}

func mustSelector(t testing.TB, text string) labels.Selector {
	t.Helper()
	selector, err := labels.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return selector
}

// registryOf tracks a deployment of namespace shop for each selector.
func registryOf(t testing.TB, selectors map[string]string) *registry {
	t.Helper()
	r := newRegistry(time.Minute)
	var workloads []utilization.Workload
	for _, name := range slices.Sorted(maps.Keys(selectors)) {
		workloads = append(workloads, utilization.Workload{Kind: "deployment", Namespace: "shop", Name: name})
	}
	r.track(workloads)
	obj := object{identity: identity{uid: "u", generation: 1}, exists: true}
	for _, w := range workloads {
		if readScale, _ := r.refresh(w, obj, noon); !readScale {
			t.Fatalf("the scale of %v need not be read", w)
		}
		r.selectorRead(w, obj.identity, mustSelector(t, selectors[w.Name]), func(string) []*podRecord { return nil })
		r.refresh(w, obj, noon)
	}
	return r
}

func TestAPodsChangeConcernsTheWorkloadsWhoseSelectorMatches(t *testing.T) {
	selectors := map[string]string{
		"plain": "app=item,tier=web", "in": "app in (item),tier=web", "several": "app in (item,cart)",
		"negative": "app!=cart", "exists": "canary", "cart": "app=cart,tier=web",
	}
	item := map[string]string{"app": "item", "tier": "web"}
	canary := map[string]string{"app": "item", "tier": "web", "canary": ""}
	ended := podNamed("p", item)
	ended.ended = true
	elsewhere := podNamed("p", item)
	elsewhere.namespace = "other"
	cases := map[string]struct {
		old, now *podRecord
		// members are whose it is afterwards; dirty are told.
		members, dirty []string
	}{
		"it comes":             {nil, podNamed("p", item), []string{"in", "negative", "plain", "several"}, []string{"in", "negative", "plain", "several"}},
		"it comes elsewhere":   {nil, elsewhere, nil, nil},
		"it gets a label":      {podNamed("p", item), podNamed("p", canary), []string{"exists", "in", "negative", "plain", "several"}, []string{"exists"}},
		"it loses a label":     {podNamed("p", canary), podNamed("p", item), []string{"in", "negative", "plain", "several"}, []string{"exists"}},
		"it changes its owner": {podNamed("p", item), podNamed("p", map[string]string{"app": "cart", "tier": "web"}), []string{"cart", "several"}, []string{"cart", "in", "negative", "plain"}},
		"nothing changes":      {podNamed("p", item), podNamed("p", item), []string{"in", "negative", "plain", "several"}, nil},
		"it ends":              {podNamed("p", item), ended, nil, []string{"in", "negative", "plain", "several"}},
		"it goes":              {podNamed("p", item), nil, nil, []string{"in", "negative", "plain", "several"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := registryOf(t, selectors)
			if c.old != nil {
				r.podChanged(nil, c.old, func(utilization.Workload) {})
			}
			var dirty, members []string
			r.podChanged(c.old, c.now, func(w utilization.Workload) { dirty = append(dirty, w.Name) })
			for w, tracked := range *r.view.Load() {
				if len(tracked.members) > 0 {
					members = append(members, w.Name)
				}
			}
			slices.Sort(dirty)
			slices.Sort(members)
			if !slices.Equal(members, c.members) || !slices.Equal(dirty, c.dirty) {
				t.Errorf("members %v, told %v; want %v, %v", members, dirty, c.members, c.dirty)
			}
		})
	}
}

func TestAPodIsTriedAgainstFewSelectorsWhereLabelsTellWorkloadsApart(t *testing.T) {
	r := registryOf(t, manySelectors(100))
	tried := 0
	r.byTerm.each(podNamed("p", map[string]string{"all": "web", "app": "app-7"}), func(*tracked) { tried++ })
	// The first workload that was filed had no reason to prefer one label.
	if tried > 2 {
		t.Errorf("%d of 100 selectors were tried", tried)
	}
}

func TestAWorkloadThatIsNoLongerTrackedLeavesNothingBehind(t *testing.T) {
	r := registryOf(t, manySelectors(10))
	r.track(nil)
	if len(r.byTerm) != 0 || len(*r.view.Load()) != 0 {
		t.Errorf("left behind: %v, %v", r.byTerm, *r.view.Load())
	}
}

func TestAnotherObjectOfTheSameNameDoesNotInheritPods(t *testing.T) {
	r := registryOf(t, map[string]string{"item": "app=item"})
	w := utilization.Workload{Kind: "deployment", Namespace: "shop", Name: "item"}
	r.podChanged(nil, podNamed("p", map[string]string{"app": "item"}), func(utilization.Workload) {})
	next := object{identity: identity{uid: "another", generation: 1}, exists: true}
	if readScale, _ := r.refresh(w, next, noon); !readScale {
		t.Error("its scale need not be read")
	}
	var pending *utilization.PendingError
	if s := r.find(w).state.Load(); !errors.As(s.err, &pending) || len(s.pods) != 0 || s.live.Ready != 0 {
		t.Errorf("state %+v, want a PendingError until its scale was read", s)
	}
}

func TestAPodCountsByItsState(t *testing.T) {
	counts := func(p utilization.Pod) *podRecord { return &podRecord{pod: p} }
	members := map[string]*podRecord{
		"b": counts(utilization.Pod{Name: "b", Running: true, Ready: true, ReadySince: at(20)}),
		"a": counts(utilization.Pod{Name: "a", Running: true, Ready: true, ReadySince: at(30)}),
		"c": counts(utilization.Pod{Name: "c", Running: true, Ready: true, Deleting: true, ReadySince: at(10)}),
		"d": counts(utilization.Pod{Name: "d", Running: true}),
		"e": counts(utilization.Pod{Name: "e"}),
	}
	s := stateOfPods(members, nil, at(60), time.Minute)
	if s.live.Running != 3 || s.live.Ready != 3 || s.counting != 2 || s.present != 4 {
		t.Errorf("running %d, ready %d, counting %d, present %d; want 3, 3, 2, 4", s.live.Running, s.live.Ready, s.counting, s.present)
	}
	if want := []time.Time{at(20), at(30)}; !slices.Equal(s.live.ReadySince, want) {
		t.Errorf("ready since %v, want %v", s.live.ReadySince, want)
	}
	if s.pods[0].Name != "a" || len(s.pods) != 5 {
		t.Errorf("pods are not sorted by name: %v", s.pods)
	}
}

// manySelectors are those of n workloads that share a label.
func manySelectors(n int) map[string]string {
	out := make(map[string]string, n)
	for i := range n {
		out["w-"+strconv.Itoa(i)] = fmt.Sprintf("all=web,app=app-%d", i)
	}
	return out
}

// BenchmarkPodEvent is one Pod's change in a namespace of 1,000 workloads with
// 10 Pods each, and the publishing of the state that it makes.
func BenchmarkPodEvent(b *testing.B) {
	const workloads, pods = 1000, 10
	r := registryOf(b, manySelectors(workloads))
	set := func(w int) map[string]string {
		return map[string]string{"all": "web", "app": "app-" + strconv.Itoa(w), "pod-template-hash": "5d9c"}
	}
	for w := range workloads {
		for p := range pods {
			r.podChanged(nil, podNamed(fmt.Sprintf("p-%d-%d", w, p), set(w)), func(utilization.Workload) {})
		}
	}
	ready, unready := podNamed("p-7-3", set(7)), podNamed("p-7-3", set(7))
	unready.pod.Ready = false
	obj := object{identity: identity{uid: "u", generation: 1}, exists: true}
	now, changed := noon, utilization.Workload{}
	b.ReportAllocs()
	for b.Loop() {
		ready, unready = unready, ready
		now = now.Add(time.Second)
		r.podChanged(unready, ready, func(w utilization.Workload) { changed = w })
		r.refresh(changed, obj, now)
	}
}

// BenchmarkScale is a read as every answer to an HPA makes one.
func BenchmarkScale(b *testing.B) {
	i := &Inventory{registry: registryOf(b, manySelectors(1000))}
	sel := utilization.Selection{Workload: utilization.Workload{Kind: "deployment", Namespace: "shop", Name: "w-7"}}
	b.ReportAllocs()
	for b.Loop() {
		i.Scale(sel)
	}
}
