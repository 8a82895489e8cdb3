package collection

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/crest-hpa/crest/test/bench/collection/measurement"
)

// client is the program that makes one collection and measures itself.
type client string

// program is its package.
const program = "github.com/crest-hpa/crest/test/bench/collection/client"

// buildClient builds it into a directory.
func buildClient(ctx context.Context, dir string) (client, error) {
	path := filepath.Join(dir, "client")
	c := exec.CommandContext(ctx, "go", "build", "-o", path, program)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the client: %w: %s", err, bytes.TrimSpace(said))
	}
	return client(path), nil
}

// do makes one collection in a process of its own.
func (c client) do(ctx context.Context, task measurement.Task) (measurement.Measurement, error) {
	var m measurement.Measurement
	told, err := json.Marshal(task)
	if err != nil {
		return m, fmt.Errorf("telling the client its task: %w", err)
	}
	var said, wrong bytes.Buffer
	process := exec.CommandContext(ctx, string(c))
	process.Stdin, process.Stdout, process.Stderr = bytes.NewReader(told), &said, &wrong
	if err := process.Run(); err != nil {
		return m, fmt.Errorf("collecting (%s): %w: %s", task.How, err, bytes.TrimSpace(wrong.Bytes()))
	}
	if err := json.Unmarshal(said.Bytes(), &m); err != nil {
		return m, fmt.Errorf("reading what the client tells: %w", err)
	}
	return m, nil
}
