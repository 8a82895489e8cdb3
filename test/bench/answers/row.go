package answers

import (
	"fmt"
	"math"
	"time"

	"github.com/crest-hpa/crest/test/bench/report"
)

// row is one way to ask, with what came of it.
type row struct {
	how string
	// pools are by the servers' names.
	pools map[string]*pool
}

func newRow(how string) row {
	return row{how, map[string]*pool{crestName: {}, floorName: {}}}
}

// comparison is Crest in relation to the floor: each number is Crest's, divided by the floor's.
type comparison struct{ throughput, p50, p99, cpu, api float64 }

func (r row) compare() comparison {
	crest, floor := r.pools[crestName], r.pools[floorName]
	over := func(of func(*pool) time.Duration) float64 { return float64(of(crest)) / float64(of(floor)) }
	return comparison{
		throughput: crest.Rate() / floor.Rate(),
		p50:        over(func(p *pool) time.Duration { return p.Quantile(50) }),
		p99:        over(func(p *pool) time.Duration { return p.Quantile(99) }),
		cpu:        over(func(p *pool) time.Duration { return p.perAnswer(p.cpu) }),
		api:        over(func(p *pool) time.Duration { return p.perAnswer(p.api) }),
	}
}

func (r row) String() string {
	c := r.compare()
	return fmt.Sprintf("%s: %.3f of the floor's throughput, %.3f of its median, %.3f of its p99, %.3f of its CPU",
		r.how, c.throughput, c.p50, c.p99, c.cpu)
}

// inTurns ends the caption of both tables.
const inTurns = "floor and Crest in turns. ± is how far the slices of one server lie apart."

// tables are what both servers did, and how they compare.
func tables(caption string, rows []row) []report.Table {
	did := report.Table{
		Caption: caption,
		Columns: []string{"how", "server", "answers", "answers/s", "p50", "p99", "p99.9", "CPU an answer", "of kube-apiserver", "of the clients"},
	}
	compared := report.Table{
		Caption: "Crest's numbers, divided by the floor's:",
		Columns: []string{"how", "throughput", "p50", "p99", "CPU an answer", "kube-apiserver's CPU an answer"},
	}
	for _, r := range rows {
		for _, name := range []string{floorName, crestName} {
			p := r.pools[name]
			did.Add(r.how, name, p.Answers,
				fmt.Sprintf("%s ± %.1f %%", report.Number(p.Rate()), spread(p.rates)),
				fmt.Sprintf("%s ± %.1f %%", report.Duration(p.Quantile(50)), spread(p.medians)),
				report.Duration(p.Quantile(99)), report.Duration(p.Quantile(99.9)),
				report.Duration(p.perAnswer(p.cpu)), report.Duration(p.perAnswer(p.api)), report.Duration(p.perAnswer(p.own)))
		}
		c := r.compare()
		compared.Add(r.how, ratio(c.throughput), ratio(c.p50), ratio(c.p99), ratio(c.cpu), ratio(c.api))
	}
	return []report.Table{did, compared}
}

func ratio(r float64) string { return fmt.Sprintf("%.3f", r) }

// geometric is the geometric mean, which is the mean of ratios.
func geometric(ratios []float64) float64 {
	sum := 0.0
	for _, r := range ratios {
		sum += math.Log(r)
	}
	return math.Exp(sum / float64(len(ratios)))
}
