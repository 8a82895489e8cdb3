package datadogsim

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim/query"
)

func TestNewGrid(t *testing.T) {
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	tests := map[string]struct {
		from, to        int // seconds after the start
		interval, every time.Duration
		want            grid
	}{
		"the rollup decides the width":                  {0, 120, 10 * time.Second, 30 * time.Second, grid{at(0), 30 * time.Second, 4}},
		"without a rollup the request decides":          {0, 120, 10 * time.Second, 0, grid{at(0), 10 * time.Second, 12}},
		"without either the service decides":            {0, 120, 0, 0, grid{at(0), 20 * time.Second, 6}},
		"an interval under a second is raised":          {0, 3, 100 * time.Millisecond, 0, grid{at(0), time.Second, 3}},
		"the first bucket may begin before the range":   {29, 61, 0, 30 * time.Second, grid{at(0), 30 * time.Second, 3}},
		"a range that ends at a bucket does not get it": {30, 60, 0, 30 * time.Second, grid{at(30), 30 * time.Second, 1}},
		"too many buckets become wider ones":            {0, 6000, time.Second, 0, grid{at(0), 4 * time.Second, 1500}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := request{from: at(test.from), to: at(test.to), interval: test.interval}
			got := newGrid(r, query.Query{Rollup: query.Rollup{Every: test.every}})
			if !got.first.Equal(test.want.first) || got.width != test.want.width || got.n != test.want.n {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestRollupMethods(t *testing.T) {
	f := newFixture(t, nil)
	// 30 points of 0.2 cores, then from the middle on of 0.4.
	if err := f.world.SetLoad("shop", "item", 400); err != nil {
		t.Fatal(err)
	}
	f.world.Step(f.now.Add(15 * time.Second))
	f.now = f.now.Add(30 * time.Second)
	for method, want := range map[string]float64{"avg": 0.3, "sum": 9, "min": 0.2, "max": 0.4} {
		t.Run(method, func(t *testing.T) {
			// Each agent looks at its own phase, so the bucket's halves are not
			// quite even.
			values := f.ask("avg:kubernetes.cpu.usage.total{kube_container_name:app}.rollup(" + method + ",30).fill(null)").byGroup()["[]"]
			if got := newest(values); math.Abs(got-want) > 0.03*want {
				t.Errorf("got %g, want about %g", got, want)
			}
		})
	}
}

func TestFill(t *testing.T) {
	null := math.NaN()
	minute := grid{width: time.Minute}
	tests := map[string]struct {
		fill  query.Fill
		limit time.Duration
		want  []float64
	}{
		"by default a short gap is interpolated and a long one not": {query.FillDefault, 0, []float64{null, 1, 2, 3, null, null, null, null, null, 9, null}},
		"linear does the same":                    {query.FillLinear, 0, []float64{null, 1, 2, 3, null, null, null, null, null, 9, null}},
		"linear with a limit fills no wider gap":  {query.FillLinear, time.Minute, []float64{null, 1, null, 3, null, null, null, null, null, 9, null}},
		"last repeats for five minutes":           {query.FillLast, 0, []float64{null, 1, 1, 3, 3, 3, 3, 3, 3, 9, 9}},
		"last repeats as long as the limit":       {query.FillLast, time.Minute, []float64{null, 1, 1, 3, 3, null, null, null, null, 9, 9}},
		"zero fills everything, also at the ends": {query.FillZero, 0, []float64{0, 1, 0, 3, 0, 0, 0, 0, 0, 9, 0}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := []float64{null, 1, null, 3, null, null, null, null, null, 9, null}
			minute.fill(got, query.Query{Fill: test.fill, FillLimit: test.limit})
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
