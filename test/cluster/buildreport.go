package cluster

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// buildReport follows what go build -v prints: a line a package, once it is compiled.
type buildReport struct {
	what  string
	began time.Time

	mu       sync.Mutex
	compiled int
	lines    []string // the last ones
}

func (r *buildReport) read(printed io.Reader) {
	scanner := bufio.NewScanner(printed)
	for scanner.Scan() {
		r.mu.Lock()
		r.compiled++
		r.lines = append(r.lines, scanner.Text())
		r.lines = r.lines[max(0, len(r.lines)-30):]
		r.mu.Unlock()
	}
}

// every tells progress how far the build is, until the returned function is called.
func (r *buildReport) every(interval time.Duration, progress io.Writer) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				_, _ = fmt.Fprintln(progress, r.line())
			}
		}
	})
	return func() { close(done); running.Wait() }
}

func (r *buildReport) line() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := fmt.Sprintf("build: %s, %s", r.what, time.Since(r.began).Round(time.Second))
	if r.compiled == 0 {
		return line + ": downloading, reading or linking"
	}
	return fmt.Sprintf("%s: %d packages compiled, the last is %s", line, r.compiled, r.lines[len(r.lines)-1])
}

func (r *buildReport) problems() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}
