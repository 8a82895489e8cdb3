package inventory

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// BenchmarkPods keeps the Pods of workloads that are followed, as an informer
// and the registry do, and reports the bytes that remain for each. The floor
// is the same store of whole Pods, as a plain informer has it.
func BenchmarkPods(b *testing.B) {
	const workloads, perEach = 1000, 10
	b.Run("whole", func(b *testing.B) {
		reportKept(b, workloads*perEach, func() any {
			store := newPodStore()
			eachPod(workloads, perEach, func(p *corev1.Pod) { _ = store.Add(p) })
			return store
		})
	})
	b.Run("kept", func(b *testing.B) {
		reportKept(b, workloads*perEach, func() any {
			reader, store, r := new(podReader), newPodStore(), newRegistry(5*time.Minute)
			var all []utilization.Workload
			for i := range workloads {
				all = append(all, benchWorkload(i))
			}
			r.track(all)
			for i := range workloads {
				r.selectorRead(benchWorkload(i), identity{uid: "u"}, mustSelector(b, fmt.Sprintf("app=item-%d", i)), func(string) []*podRecord { return nil })
			}
			eachPod(workloads, perEach, func(p *corev1.Pod) {
				record := trimmed(b, reader, p)
				_ = store.Add(record)
				r.podChanged(nil, record, func(utilization.Workload) {})
			})
			for i := range workloads {
				r.refresh(benchWorkload(i), object{identity: identity{uid: "u"}, exists: true}, noon)
				if got := len(r.find(benchWorkload(i)).state.Load().pods); got != perEach {
					b.Fatalf("%d Pods of a workload, want %d", got, perEach)
				}
			}
			return []any{store, r, reader}
		})
	})
}

func newPodStore() cache.Indexer {
	return cache.NewIndexer(cache.DeletionHandlingMetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
}

func benchWorkload(i int) utilization.Workload {
	return utilization.Workload{Kind: "deployment", Namespace: fmt.Sprintf("team-%d", i%50), Name: fmt.Sprintf("item-%d", i)}
}

// eachPod makes Pods one after the other, each of its own strings, as a decoder does.
func eachPod(workloads, perEach int, do func(p *corev1.Pod)) {
	for i := range workloads {
		w := benchWorkload(i)
		for j := range perEach {
			p := readyPod(fmt.Sprintf("%s-5d4f8c7b9-%05d", w.Name, j), w.Name, noon)
			p.Namespace, p.ResourceVersion = strings.Clone(w.Namespace), strconv.Itoa(1_000_000+10*i+j)
			for k := range 6 {
				p.Labels[fmt.Sprintf("service.istio.io/label-%d", k)] = fmt.Sprintf("value-%d-of-%s", k, w.Name)
			}
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: strings.Clone("istio-proxy"), Resources: requests("100m")})
			p.Annotations = map[string]string{"sidecar.istio.io/status": fmt.Sprintf("%01000d", i)}
			p.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: strings.Repeat("kubelet", 200)}}
			do(p)
		}
	}
}

// reportKept reports the bytes that are in use once make has run, for each Pod.
func reportKept(b *testing.B, pods int, keep func() any) {
	b.Helper()
	var per float64
	for b.Loop() {
		before := inUse()
		kept := keep()
		per = float64(inUse()-before) / float64(pods)
		runtime.KeepAlive(kept)
	}
	b.ReportMetric(per, "B/Pod")
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what clean-ups held
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
