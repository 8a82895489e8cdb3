// Command client makes one collection from Datadog and tells what it has cost: CPU time, memory, time. It reads a
// measurement.Task from its standard input and writes a measurement.Measurement to its standard output.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/crest-hpa/crest/test/bench/collection/measurement"
	"github.com/crest-hpa/crest/test/bench/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var task measurement.Task
	if err := json.NewDecoder(os.Stdin).Decode(&task); err != nil {
		return fmt.Errorf("reading the task: %w", err)
	}
	debug.SetGCPercent(task.GCPercent)
	c, err := newCollector(task)
	if err != nil {
		return err
	}
	if err := c.warmUp(ctx); err != nil {
		return fmt.Errorf("warming up: %w", err)
	}
	m, err := measure(func(m *measurement.Measurement) (any, error) { return c.collect(ctx, m) })
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(m)
}

// collector makes collections in one way.
type collector interface {
	// warmUp makes a small one, so that connections and what is made once are there.
	warmUp(ctx context.Context) error
	// collect makes the one that counts, tells what was in it, and gives all that it keeps.
	collect(ctx context.Context, m *measurement.Measurement) (any, error)
}

func newCollector(task measurement.Task) (collector, error) {
	switch task.How {
	case measurement.Crest:
		return newCrest(task)
	case measurement.Plain:
		return &plain{task: task}, nil
	default:
		return nil, fmt.Errorf("there is no way %q to collect", task.How)
	}
}

// measure does something once.
func measure(do func(m *measurement.Measurement) (any, error)) (m measurement.Measurement, err error) {
	self := os.Getpid()
	debug.FreeOSMemory()
	if err := process.ResetPeak(self); err != nil {
		return m, err
	}
	resident, err := process.Resident(self)
	if err != nil {
		return m, err
	}
	heap, cpu, begun := heapOf(), usage(), time.Now()
	kept, err := do(&m)
	if err != nil {
		return m, err
	}
	m.Wall, m.CPU = time.Since(begun), usage()-cpu
	peak, err := process.Peak(self)
	if err != nil {
		return m, err
	}
	m.Peak = peak - resident
	m.Allocated = int64(heapOf().TotalAlloc - heap.TotalAlloc)
	runtime.GC()
	m.Kept = int64(heapOf().HeapAlloc) - int64(heap.HeapAlloc)
	runtime.KeepAlive(kept)
	return m, nil
}

func heapOf() (m runtime.MemStats) {
	runtime.ReadMemStats(&m)
	return m
}

// usage is the CPU time of this process, user and system.
func usage() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		// It fails for a wrong argument only.
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
