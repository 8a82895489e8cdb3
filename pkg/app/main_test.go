package app_test

import (
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

// TestMain silences the API server library, which logs through the process.
func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard())
	m.Run()
}
