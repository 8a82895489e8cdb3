package process

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process needed over some time.
type Usage struct {
	// Resident and Peak are memory in bytes: now, and at most since the process started.
	Resident, Peak int64
	// Cores is the mean of the CPUs that it kept busy.
	Cores float64
}

// UsageOver measures a process over some time.
func UsageOver(ctx context.Context, pid int, length time.Duration) (Usage, error) {
	before, err := CPU(pid)
	if err != nil {
		return Usage{}, err
	}
	select {
	case <-ctx.Done():
		return Usage{}, ctx.Err()
	case <-time.After(length):
	}
	after, err := CPU(pid)
	if err != nil {
		return Usage{}, err
	}
	u := Usage{Cores: (after - before).Seconds() / length.Seconds()}
	if u.Resident, err = Resident(pid); err != nil {
		return Usage{}, err
	}
	u.Peak, err = Peak(pid)
	return u, err
}

// tick is the unit of times in /proc/PID/stat on Linux, whatever the kernel's own.
const tick = 10 * time.Millisecond

// CPU is the CPU time of a process since it started, user and system, in steps of 10 ms.
func CPU(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
	}
	// The second field is the program's name in parentheses; utime and stime are the 14th and 15th.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("reading the CPU time of process %d: it has ended", pid)
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// Resident is the memory that a process has now, in bytes.
func Resident(pid int) (int64, error) { return memory(pid, "VmRSS") }

// Peak is the most memory that a process had since it started, or since ResetPeak, in bytes.
func Peak(pid int) (int64, error) { return memory(pid, "VmHWM") }

// ResetPeak makes what a process has now its peak.
func ResetPeak(pid int) error {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		return fmt.Errorf("resetting the peak of process %d: %w", pid, err)
	}
	return nil
}

// memory is a line of /proc/PID/status, in bytes.
func memory(pid int, name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	_, rest, _ := strings.Cut(string(text), name+":")
	n, err := strconv.ParseInt(strings.Fields(rest + " none")[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading %s of process %d: %w", name, pid, err)
	}
	return n << 10, nil
}
