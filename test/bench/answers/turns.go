package answers

import (
	"context"
	"math"
	"time"

	"github.com/crest-hpa/crest/test/bench/load"
	"github.com/crest-hpa/crest/test/bench/process"
)

// turns is who is measured first and who second, n times: A B B A A B …, so that a drift of the machine meets both alike.
func turns(n int, a, b server) []server {
	var order []server
	for i := range n {
		if i%2 == 0 {
			order = append(order, a, b)
		} else {
			order = append(order, b, a)
		}
	}
	return order
}

// pool is what came of all slices of one server.
type pool struct {
	load.Measured
	// cpu is the server's CPU time, and api that of kube-apiserver.
	cpu, api time.Duration
	// Of each slice: the answers a second, the median and the p99 in seconds.
	rates, medians, tails []float64
}

// slice puts a load on a server and adds what came of it to its pool.
func (b *setting) slice(ctx context.Context, s server, clients *load.Clients, plan load.Plan, into *pool) error {
	pids := [2]int{s.adapter.Pid(), b.stage.Cluster.Pids()["kube-apiserver"]}
	before, err := cpuTimes(pids)
	if err != nil {
		return err
	}
	m, err := clients.Run(ctx, plan)
	if err != nil {
		return err
	}
	after, err := cpuTimes(pids)
	if err != nil {
		return err
	}
	into.Add(m)
	into.cpu += after[0] - before[0]
	into.api += after[1] - before[1]
	into.rates = append(into.rates, m.Rate())
	into.medians = append(into.medians, m.Quantile(50).Seconds())
	into.tails = append(into.tails, m.Quantile(99).Seconds())
	return nil
}

func cpuTimes(pids [2]int) (times [2]time.Duration, err error) {
	for i, pid := range pids {
		if times[i], err = process.CPU(pid); err != nil {
			return times, err
		}
	}
	return times, nil
}

// perAnswer is a CPU time divided by the answers.
func (p *pool) perAnswer(cpu time.Duration) time.Duration {
	if p.Answers == 0 {
		return 0
	}
	return cpu / time.Duration(p.Answers)
}

// spread is how far the slices of one server lie apart, in percent: half the way from the lowest to the highest,
// of their mean.
func spread(slices []float64) float64 {
	if len(slices) == 0 {
		return 0
	}
	low, high, sum := slices[0], slices[0], 0.0
	for _, v := range slices {
		low, high, sum = min(low, v), max(high, v), sum+v
	}
	return 100 * (high - low) / 2 / (sum / float64(len(slices)))
}

// comparison is Crest in relation to the floor.
type comparison struct{ throughput, p50, p99, cpu, api float64 }

func compare(crest, floor *pool) comparison {
	return comparison{
		throughput: crest.Rate() / floor.Rate(),
		p50:        float64(crest.Quantile(50)) / float64(floor.Quantile(50)),
		p99:        float64(crest.Quantile(99)) / float64(floor.Quantile(99)),
		cpu:        float64(crest.perAnswer(crest.cpu)) / float64(floor.perAnswer(floor.cpu)),
		api:        float64(crest.perAnswer(crest.api)) / float64(floor.perAnswer(floor.api)),
	}
}

// geometric is the geometric mean, which is the mean of ratios.
func geometric(ratios []float64) float64 {
	sum := 0.0
	for _, r := range ratios {
		sum += math.Log(r)
	}
	return math.Exp(sum / float64(len(ratios)))
}
