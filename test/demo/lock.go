package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock takes the directory for this process; it is not ok while another has it.
func lock(dir string) (release func(), ok bool, err error) {
	file, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("locking %s: %w", dir, err)
	}
	// The system lets go of it when the process ends, however that comes about.
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, false, file.Close()
	}
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("locking %s: %w", dir, err), file.Close())
	}
	return func() { _ = file.Close() }, true, nil
}
