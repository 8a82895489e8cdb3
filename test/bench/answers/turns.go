package answers

import (
	"context"
	"os"
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
	// cpu is the server's CPU time, api that of kube-apiserver, and own that of this process, which asks.
	cpu, api, own time.Duration
	// Of each slice: the answers a second, and the median in seconds.
	rates, medians []float64
}

// slice puts a load on a server and adds what came of it to its pool.
func (b *setting) slice(ctx context.Context, s server, clients *load.Clients, plan load.Plan, into *pool) error {
	pids := [3]int{s.adapter.Pid(), b.stage.Cluster.Pids()["kube-apiserver"], os.Getpid()}
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
	into.own += after[2] - before[2]
	into.rates = append(into.rates, m.Rate())
	into.medians = append(into.medians, m.Quantile(50).Seconds())
	return nil
}

func cpuTimes(pids [3]int) (times [3]time.Duration, err error) {
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
