package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// kubernetesVersion is what the built programs report; go.mod requires the same.
const kubernetesVersion = "v1.37.1"

// tools are the packages of the harness's programs, by the program's name. etcd is apart
// because its package is called "server".
var tools = []string{
	"helm.sh/helm/v4/cmd/helm",
	"k8s.io/kubernetes/cmd/kube-apiserver",
	"k8s.io/kubernetes/cmd/kube-controller-manager",
	"k8s.io/kubernetes/cmd/kube-scheduler",
	"k8s.io/kubernetes/cmd/kubectl",
	"sigs.k8s.io/kwok/cmd/kwok",
	"./cmd/metrics-server",
}

const etcdPackage = "go.etcd.io/etcd/server/v3"

// Build builds the programs of a control plane from their Go modules into test/.bin, unless
// they are there already, and returns that directory. It needs Go and the module proxy. The
// first time takes minutes; progress is told what is being compiled every ten seconds.
// It must be called from within the repository, like everything that needs its files.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	module := filepath.Join(root, "test")
	bin := filepath.Join(module, ".bin")
	unlock, err := lockDirectory(bin)
	if err != nil {
		return "", err
	}
	defer unlock()

	stamp, err := toolsStamp(ctx, module)
	if err != nil {
		return "", err
	}
	stampFile := filepath.Join(bin, "stamp")
	if old, err := os.ReadFile(stampFile); err == nil && string(old) == stamp {
		return bin, nil
	}
	flags := []string{"-ldflags", linkerFlags()}
	err = goBuild(ctx, "etcd", module, filepath.Join(bin, "etcd"), append(flags, etcdPackage), progress)
	if err != nil {
		return "", err
	}
	// One command for all: they share most of what is compiled, and it keeps all cores busy.
	err = goBuild(ctx, "Kubernetes, kwok, metrics-server and Helm", module, bin+string(filepath.Separator), append(flags, tools...), progress)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(stampFile, []byte(stamp), 0o600); err != nil {
		return "", fmt.Errorf("noting what was built: %w", err)
	}
	return bin, nil
}

// BuildAdapter builds the adapter of the repository into test/.bin and returns its path.
func BuildAdapter(ctx context.Context, progress io.Writer) (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, "test", ".bin")
	unlock, err := lockDirectory(bin)
	if err != nil {
		return "", err
	}
	defer unlock()
	path := filepath.Join(bin, "crest-adapter")
	return path, goBuild(ctx, "the adapter", root, path, []string{"./cmd/crest-adapter"}, progress)
}

// BuildProgram builds a command of the harness, such as ./bench/floor, into test/.bin and returns its path.
func BuildProgram(ctx context.Context, program string, progress io.Writer) (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	module := filepath.Join(root, "test")
	bin := filepath.Join(module, ".bin")
	unlock, err := lockDirectory(bin)
	if err != nil {
		return "", err
	}
	defer unlock()
	path := filepath.Join(bin, filepath.Base(program))
	return path, goBuild(ctx, program, module, path, []string{program}, progress)
}

// goBuild runs go build in dir with the given flags and packages.
func goBuild(ctx context.Context, what, dir, output string, arguments []string, progress io.Writer) error {
	args := append([]string{"build", "-v", "-buildvcs=false", "-o", output}, arguments...)
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	printed, err := command.StderrPipe()
	if err != nil {
		return fmt.Errorf("building %s: %w", what, err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("building %s: %w", what, err)
	}
	report := &buildReport{what: what, began: time.Now()}
	stop := report.every(10*time.Second, progress)
	report.read(printed)
	err = command.Wait()
	stop()
	if err != nil {
		return fmt.Errorf("building %s: %w:\n%s", what, err, report.problems())
	}
	_, _ = fmt.Fprintf(progress, "build: %s ready after %s\n", what, time.Since(report.began).Round(100*time.Millisecond))
	return nil
}

// linkerFlags drop the symbol tables and tell the programs their version, without which an
// API server says v0.0.0-master.
func linkerFlags() string {
	parts := strings.Split(strings.TrimPrefix(kubernetesVersion, "v"), ".")
	flags := "-s -w"
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, v := range [][2]string{
			{"gitVersion", kubernetesVersion},
			{"gitMajor", parts[0]},
			{"gitMinor", parts[1]},
			{"gitTreeState", "clean"},
			{"gitCommit", "unknown"},
			{"buildDate", "1970-01-01T00:00:00Z"},
		} {
			flags += fmt.Sprintf(" -X %s.%s=%s", pkg, v[0], v[1])
		}
	}
	return flags
}

// toolsStamp is a fingerprint of all that decides what the programs are.
func toolsStamp(ctx context.Context, module string) (string, error) {
	version, err := exec.CommandContext(ctx, "go", "version").Output()
	if err != nil {
		return "", fmt.Errorf("running go version (is Go installed and in PATH?): %w", err)
	}
	var all bytes.Buffer
	fmt.Fprintln(&all, string(version), runtime.GOOS, runtime.GOARCH, linkerFlags(), etcdPackage, tools)
	sources, err := filepath.Glob(filepath.Join(module, "cmd", "metrics-server", "*.go"))
	if err != nil {
		return "", fmt.Errorf("listing the sources of metrics-server: %w", err)
	}
	for _, file := range append(sources, filepath.Join(module, "go.mod"), filepath.Join(module, "go.sum")) {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("fingerprinting the harness: %w", err)
		}
		fmt.Fprintf(&all, "%s %d\n%s", filepath.Base(file), len(text), text)
	}
	return fmt.Sprintf("%x", sha256.Sum256(all.Bytes())), nil
}

// repository is the root of the repository around the working directory.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for start := dir; ; {
		if _, err := os.Stat(filepath.Join(dir, "test", "cluster", "doc.go")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("%s is not inside the repository, whose sources the harness builds and installs", start)
		}
		dir = parent
	}
}

// lockDirectory makes dir and keeps other processes from building into it.
func lockDirectory(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a directory for the programs: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), file.Close())
	}
	return func() { _ = file.Close() }, nil
}
