package scale

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/test/bench/process"
)

const (
	mebibyte = 1 << 20
	// A process has settled when what it has did not change by more than a percent for so long, and is waited for
	// no longer than that: Go gives memory back in the background, slowly.
	settled, patience = 10 * time.Second, 90 * time.Second
)

// memory is what a process has, in bytes.
type memory struct {
	// resident is after garbage collection, peak the most since the start.
	resident, peak int64
	// heap is what lives on Go's heap after a collection.
	heap float64
}

// adapterMemory has the adapter collect its garbage and waits until it has given back what it does not need. What it
// tells of itself it is asked last: that makes garbage too.
func (s *site) adapterMemory(ctx context.Context) (memory, error) {
	pid := s.adapter.Pid()
	peak, err := process.Peak(pid)
	if err != nil {
		return memory{}, err
	}
	if err := collectGarbage(ctx, s.direct); err != nil {
		return memory{}, err
	}
	resident, err := settle(ctx, pid)
	if err != nil {
		return memory{}, err
	}
	heap, err := s.heap(ctx)
	return memory{resident: resident, peak: max(peak, resident), heap: heap}, err
}

// heap is what lives on the adapter's heap after a collection.
func (s *site) heap(ctx context.Context) (float64, error) {
	text, err := s.direct.Get().AbsPath("/debug/pprof/heap").Param("gc", "1").Param("debug", "1").DoRaw(ctx)
	if err != nil {
		return 0, fmt.Errorf("asking for the adapter's heap: %w", err)
	}
	return heapAlloc(text)
}

// heapAlloc reads it from what Go's profiler writes for people: the runtime's own count ends it, behind the samples.
func heapAlloc(profile []byte) (float64, error) {
	_, rest, found := bytes.Cut(profile, []byte("\n# HeapAlloc = "))
	number, _, ended := bytes.Cut(rest, []byte("\n"))
	if !found || !ended {
		return 0, errors.New("the adapter's heap profile does not say HeapAlloc")
	}
	return strconv.ParseFloat(string(number), 64)
}

// collectGarbage has a server with Go's profiler do so, twice: what a finalizer lets go of goes with the second.
func collectGarbage(ctx context.Context, server rest.Interface) error {
	for range 2 {
		if text, err := server.Get().AbsPath("/debug/pprof/heap").Param("gc", "1").DoRaw(ctx); err != nil {
			return fmt.Errorf("asking for a heap profile: %w: %s", err, text)
		}
	}
	return nil
}

// settle waits until the memory of a process does not change any more, and says how much that is.
func settle(ctx context.Context, pid int) (int64, error) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	begun := time.Now()
	since, last := begun, int64(0)
	for {
		now, err := process.Resident(pid)
		if err != nil {
			return 0, err
		}
		if change := float64(now-last) / float64(max(last, 1)); change > 0.01 || change < -0.01 {
			since, last = time.Now(), now
		}
		if time.Since(since) >= settled || time.Since(begun) >= patience {
			return now, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-ticker.C:
		}
	}
}

func mib[T int64 | float64](bytes T) string {
	return strconv.FormatFloat(float64(bytes)/mebibyte, 'f', 1, 64)
}
