package inventory

import (
	"fmt"
	"testing"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// BenchmarkDemand is what one change of any HPA costs.
func BenchmarkDemand(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("HPAs=%d", n), func(b *testing.B) {
			var hpas []*hpaRecord
			reader := hpaReader{metrics: metricNames, parse: parse}
			for i := range n {
				w := utilization.Workload{Kind: "deployment", Namespace: fmt.Sprintf("team-%d", i%50), Name: fmt.Sprintf("item-%d", i)}
				hpas = append(hpas, reader.read(hpaOf(w.Name, w)))
			}
			table := newKindTable(kinds)
			b.ReportAllocs()
			for b.Loop() {
				if d := newDemand(hpas, table, metricNames); len(d.wanted) != n {
					b.Fatalf("%d selections are wanted, want %d", len(d.wanted), n)
				}
			}
		})
	}
}
