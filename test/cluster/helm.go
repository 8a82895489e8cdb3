package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Helm runs helm as the administrator and returns what it printed to standard output. The
// error holds what it printed to standard error. The user's own configuration of helm is not
// seen, nor changed.
func (c *Cluster) Helm(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, filepath.Join(c.options.Bin, "helm"), args...)
	command.Env = []string{"HOME=" + c.dir, "KUBECONFIG=" + c.Kubeconfig()}
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("helm %q: %w: %s", args, err, bytes.TrimSpace(problems.Bytes()))
	}
	return out.String(), nil
}

// Chart is the directory of the repository's chart.
func Chart() (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "charts", "crest"), nil
}
