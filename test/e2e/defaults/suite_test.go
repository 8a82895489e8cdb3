package defaults

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
)

// sideBySide is how many tests there are, each with a control plane.
const sideBySide = 3

// interrupted ends when somebody wants the tests to end: what waits gives up,
// and the control planes are stopped as after any test.
var interrupted context.Context

func TestMain(m *testing.M) { os.Exit(run(m)) } //nolint:forbidigo // this is the program's main

func run(m *testing.M) int {
	flag.Parse()
	// The tests wait most of the time; the number of CPUs is not what bounds them.
	if err := flag.Set("test.parallel", strconv.Itoa(sideBySide)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var stop context.CancelFunc
	interrupted, stop = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return m.Run()
}
