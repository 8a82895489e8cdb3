// Command size measures what the adapter needs: its memory and CPU, as the kernel counts them, on a real control
// plane at the default intervals, for more and more workloads. The chart's resources come from it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/crest-hpa/crest/test/bench/process"
	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/stage"
)

func main() {
	length := flag.Duration("for", 3*time.Minute, "how long each size is measured")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := measure(ctx, *length)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

// sizes are the workloads that there are, each with an HPA and Pods of two containers.
var sizes = []struct{ workloads, replicas int }{{10, 5}, {90, 5}, {100, 15}}

func measure(ctx context.Context, length time.Duration) error {
	s, err := stage.Start(ctx, stage.Options{
		Cluster:       cluster.Options{DefaultHPA: true, MetricsResolution: 15 * time.Second},
		AgentInterval: 15 * time.Second,
		Config:        stage.Config{Default: true},
		Progress:      os.Stderr,
	})
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.Cluster.Apply(ctx, []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: size}\n")); err != nil {
		return err
	}
	out := os.Stdout
	_, _ = fmt.Fprintf(out, "%9s %6s %12s %12s %8s\n", "workloads", "Pods", "memory", "at most", "CPU")
	workloads, pods := 0, 0
	for _, size := range sizes {
		if err := grow(ctx, s, workloads, size.workloads, size.replicas); err != nil {
			return err
		}
		workloads, pods = workloads+size.workloads, pods+size.workloads*size.replicas
		u, err := process.UsageOver(ctx, s.Adapter.Pid(), length)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "%9d %6d %8d MiB %8d MiB %7.0fm\n", workloads, pods, u.Resident>>20, u.Peak>>20, 1000*u.Cores)
	}
	return nil
}

// grow adds workloads with their HPAs and waits until the adapter answers for the last of them.
func grow(ctx context.Context, s *stage.Stage, first, number, replicas int) error {
	var last stage.Workload
	for i := range number {
		last = stage.Workload{Namespace: "size", Name: fmt.Sprintf("item-%d", first+i), Replicas: int32(replicas), Node: "node-0"}
		if err := s.Apply(ctx, last); err != nil {
			return err
		}
		// Its bounds keep the HPA from scaling; it reads and decides all the same.
		h := stage.HPA{For: last, Min: int32(replicas), Max: int32(replicas)}
		if err := s.ApplyHPA(ctx, h); err != nil {
			return err
		}
	}
	return answers(ctx, s, last)
}

// answers waits until the adapter answers for a workload.
func answers(ctx context.Context, s *stage.Stage, w stage.Workload) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	path := "/apis/external.metrics.k8s.io/v1beta1/namespaces/" + w.Namespace + "/max_container_cpu_utilization?labelSelector=deployment%3D" + w.Name
	for again := time.NewTicker(2 * time.Second); ; {
		_, err := s.Cluster.Kubectl(ctx, "get", "--raw", path)
		if err == nil {
			again.Stop()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for an answer about %s: %w", w.Name, err)
		case <-again.C:
		}
	}
}
