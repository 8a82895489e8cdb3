package scene

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/crest-hpa/crest/test/stage"
)

// Scene is the stage that the tests of a package share.
type Scene struct {
	// Stage is nil before the scene is open.
	*stage.Stage
	// Common is the adapter's configuration between the tests.
	Common stage.Config

	prefix     string
	begin      func(context.Context) (*stage.Stage, error)
	lazy       bool
	namespaces atomic.Int64

	mu sync.Mutex
	// failed is why the stage did not start; it is not tried again.
	failed error
	// interrupt ends with the first signal that tells the tests to end.
	interrupt context.Context
}

// New is a scene that Main opens. Its namespaces begin with the prefix.
func New(prefix string, options stage.Options) *Scene {
	options.Progress = os.Stderr
	return &Scene{Common: options.Config, prefix: prefix, begin: func(ctx context.Context) (*stage.Stage, error) {
		return stage.Start(ctx, options)
	}}
}

// Lazy is a scene that its first test opens, with Open; begin starts the stage.
func Lazy(prefix string, begin func(context.Context) (*stage.Stage, error)) *Scene {
	return &Scene{prefix: prefix, begin: begin, lazy: true}
}

// Main runs the tests of a package, whose TestMain it is, and takes the scenes
// down again. It returns the exit code.
func Main(m *testing.M, scenes ...*Scene) int {
	flag.Parse()
	// The tests wait most of the time; the number of CPUs is not what bounds them.
	if err := flag.Set("test.parallel", "8"); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	closeAll := sync.OnceFunc(func() {
		for _, s := range scenes {
			s.close()
		}
	})
	defer closeAll()
	forget := context.AfterFunc(ctx, func() {
		closeAll()
		os.Exit(130) //nolint:forbidigo // the tests that run on would fail one by one
	})
	defer forget()
	for _, s := range scenes {
		s.interrupt = ctx
		if s.lazy {
			continue
		}
		if err := s.open(); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "starting the stage:", err)
			return 1
		}
	}
	return m.Run()
}

// Open starts the stage, unless it runs.
func (s *Scene) Open(t *testing.T) {
	t.Helper()
	if err := s.open(); err != nil {
		t.Fatal("starting the stage: ", err)
	}
}

func (s *Scene) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Stage != nil || s.failed != nil {
		return s.failed
	}
	s.Stage, s.failed = s.begin(s.interrupt)
	return s.failed
}

func (s *Scene) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Stage != nil {
		s.Stop()
	}
}

// Configure runs the adapter with another configuration until the end of the
// test, and then with the common one again. Nothing else may need the adapter
// meanwhile.
func (s *Scene) Configure(t *testing.T, c stage.Config) {
	t.Helper()
	t.Cleanup(func() {
		// The context of the test has ended.
		if err := s.Reconfigure(context.Background(), s.Common); err != nil {
			t.Errorf("going back to the common configuration: %v", err)
		}
	})
	if err := s.Reconfigure(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}
