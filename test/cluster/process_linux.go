package cluster

import (
	"runtime"
	"sync"
	"syscall"
)

// childAttributes put a process into a group of its own, so that Ctrl-C in a terminal
// reaches only the harness, which then stops its processes in order, and have the kernel
// kill it should the harness itself be killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

var startOnThread = sync.OnceValue(func() chan<- func() {
	starts := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range starts {
			start()
		}
	}()
	return starts
})

// onLastingThread runs start on one thread that lives as long as the program. Linux sends
// the parent-death signal when the *thread* that started a process ends (golang/go#27505).
func onLastingThread(start func() error) error {
	result := make(chan error, 1)
	startOnThread() <- func() { result <- start() }
	return <-result
}
