package code

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// product is the root of the product's module, from where the harness runs.
const product = ".."

// suite is the benchmarks of one package that match a pattern.
type suite struct{ dir, pattern string }

// suites are those that the experiment runs.
var suites = []suite{
	{"pkg/provider", "^BenchmarkGetExternalMetric$"},
	{"pkg/collector", "^BenchmarkRead$"},
	{"pkg/datadog", "^BenchmarkDecode$"},
}

// binary is the test binary of the suite's package, under a directory.
func (s suite) binary(dir string) string { return filepath.Join(dir, filepath.Base(s.dir)+".test") }

// build builds the test binaries of all suites into a directory.
func build(ctx context.Context, dir string) error {
	for _, s := range suites {
		c := exec.CommandContext(ctx, "go", "test", "-c", "-o", s.binary(dir), "./"+s.dir)
		c.Dir, c.Env = product, append(os.Environ(), "CGO_ENABLED=0")
		if said, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("building the benchmarks of %s: %w: %s", s.dir, err, bytes.TrimSpace(said))
		}
	}
	return nil
}

// run runs the suite's benchmarks once, each for about a time, and gives what they print.
func (s suite) run(ctx context.Context, dir string, each time.Duration) ([]byte, error) {
	c := exec.CommandContext(ctx, s.binary(dir), "-test.run", "^$", "-test.bench", s.pattern, "-test.benchmem", "-test.benchtime", each.String())
	c.Dir = filepath.Join(product, s.dir)
	said, err := c.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("running the benchmarks of %s: %w: %s", s.dir, err, bytes.TrimSpace(said))
	}
	return said, nil
}
