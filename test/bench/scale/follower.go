package scale

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/crest-hpa/crest/test/cluster"
)

// follower is a program that follows the same Pods and HPAs as Crest, and does nothing else.
type follower struct {
	command *exec.Cmd
	// synced is the time from its start until it had all objects.
	synced time.Duration
}

// buildFollower compiles it.
func buildFollower(ctx context.Context) (string, error) {
	return cluster.BuildProgram(ctx, "./bench/scale/follow", io.Discard)
}

// follow starts one and waits until it has all objects; keep is what it keeps of them, "all" or "used".
func follow(ctx context.Context, program, kubeconfig, keep string) (*follower, error) {
	f := &follower{command: exec.CommandContext(ctx, program, "-kubeconfig="+kubeconfig, "-keep="+keep)}
	env, err := deployedEnv()
	if err != nil {
		return nil, err
	}
	f.command.Env = env
	out, err := f.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a follower: %w", err)
	}
	begun := time.Now()
	if err := f.command.Start(); err != nil {
		return nil, fmt.Errorf("starting a follower: %w", err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		f.stop()
		return nil, fmt.Errorf("a follower ended before it had all Pods: %w", err)
	}
	f.synced = time.Since(begun)
	return f, nil
}

func (f *follower) pid() int { return f.command.Process.Pid }

// stop ends it. That it was killed is no news.
func (f *follower) stop() {
	_ = f.command.Process.Kill()
	_ = f.command.Wait()
}
