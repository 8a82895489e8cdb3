package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage is what a process needed over some time.
type usage struct {
	// resident and peak are memory in bytes: now, and at most since the process started.
	resident, peak int64
	// cores is the mean of the CPUs that it kept busy.
	cores float64
}

// usageOver measures a process over some time.
func usageOver(ctx context.Context, pid int, length time.Duration) (usage, error) {
	before, err := busy(pid)
	if err != nil {
		return usage{}, err
	}
	select {
	case <-ctx.Done():
		return usage{}, ctx.Err()
	case <-time.After(length):
	}
	after, err := busy(pid)
	if err != nil {
		return usage{}, err
	}
	u := usage{cores: (after - before).Seconds() / length.Seconds()}
	if u.resident, err = memory(pid, "VmRSS"); err != nil {
		return usage{}, err
	}
	u.peak, err = memory(pid, "VmHWM")
	return u, err
}

// tick is the unit of times in /proc/PID/stat on Linux, whatever the kernel's own.
const tick = 10 * time.Millisecond

// busy is the CPU time of a process since it started, user and system.
func busy(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time of the adapter: %w", err)
	}
	// The second field is the program's name in parentheses; utime and stime are the 14th and 15th.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the CPU time of the adapter: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// memory is a line of /proc/PID/status, in bytes.
func memory(pid int, name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of the adapter: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), name+":")
	n, err := strconv.ParseInt(strings.Fields(rest + " none")[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading %s of the adapter: %w", name, err)
	}
	return n << 10, nil
}
