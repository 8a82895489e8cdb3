package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is one program that the harness started, and whose end it sees.
type process struct {
	name    string
	logPath string
	cmd     *exec.Cmd
	done    chan struct{} // closed once the program has ended
	err     error         // how it ended; read it after done
}

// startProcess runs the program at path with args in dir, with the environment env alone,
// and appends what it prints to logDir/name.log.
func startProcess(name, path string, args, env []string, dir, logDir string) (*process, error) {
	p := &process{name: name, logPath: filepath.Join(logDir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }()                               // the child has its own descriptor
	p.cmd = exec.CommandContext(context.Background(), path, args...) // it lives until stop
	p.cmd.Dir = dir
	p.cmd.Env = env
	p.cmd.Stdout = log
	p.cmd.Stderr = log
	p.cmd.SysProcAttr = childAttributes()
	if err := onLastingThread(p.cmd.Start); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// running says whether the program has not ended yet.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// stop sends sig to the program and waits for its end; after grace it kills the program's
// whole process group. It may be called again, and on a program that has ended.
func (p *process) stop(sig syscall.Signal, grace time.Duration) {
	if !p.running() {
		return
	}
	_ = syscall.Kill(p.cmd.Process.Pid, sig)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	// Whatever it started itself is in its group.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// failure describes an end that nobody asked for, with the last lines of the log.
func (p *process) failure() error {
	how := "ended"
	if p.err != nil {
		how = "ended with " + p.err.Error()
	}
	return fmt.Errorf("%s %s; the end of %s:\n%s", p.name, how, p.logPath, p.tail(20))
}

// tail is the last n lines of the log.
func (p *process) tail(n int) string {
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// startupTimeout is how long one component may take; on an idle machine the slowest needs 4 s.
const startupTimeout = 90 * time.Second

// await asks ready until it answers nil. It gives up when ctx ends, after startupTimeout, or
// when the program ends, with an error that names the program and holds the end of its log.
func (p *process) await(ctx context.Context, what string, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startupTimeout, fmt.Errorf("not within %s", startupTimeout))
	defer cancel()
	err := poll(ctx, func(ctx context.Context) error {
		if !p.running() {
			return permanent{p.failure()}
		}
		return ready(ctx)
	})
	if err == nil {
		return nil
	}
	if p.running() {
		return fmt.Errorf("%s: waiting until %s: %w; the end of %s:\n%s", p.name, what, err, p.logPath, p.tail(20))
	}
	return fmt.Errorf("waiting until %s: %w", what, err)
}

// permanent marks an error that waiting does not cure.
type permanent struct{ error }

// poll calls ready every 50 ms until it answers nil or a permanent error, or ctx ends; the
// error then tells what ready said last.
func poll(ctx context.Context, ready func(context.Context) error) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	var last error
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		if p, ok := errors.AsType[permanent](err); ok {
			return p.error
		}
		// What an attempt says that the deadline cut short tells nothing.
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), last)
		case <-ticker.C:
		}
	}
}
