package scene

import (
	"testing"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/world"
)

// Strike makes Datadog fail until Heal or the end of the test. A fault without
// a namespace strikes all tests: only a serial one may set it.
func (s *Scene) Strike(t *testing.T, faults ...datadogsim.Fault) {
	t.Helper()
	t.Cleanup(func() { s.Heal(t) })
	if err := s.Datadog.SetFault(faults...); err != nil {
		t.Fatal(err)
	}
}

// Heal ends all faults of Datadog. Only a serial test may call it.
func (s *Scene) Heal(t *testing.T) {
	t.Helper()
	if err := s.Datadog.ClearFaults(); err != nil {
		t.Fatal(err)
	}
}

// Blind takes all kubelets from metrics-server until See or the end of the
// test, which must be a serial one.
func (s *Scene) Blind(t *testing.T) {
	t.Helper()
	t.Cleanup(s.See)
	s.World.SetKubeletFaults(world.KubeletFault{Kind: world.KubeletUnavailable})
}

// See gives metrics-server its kubelets back.
func (s *Scene) See() { s.World.SetKubeletFaults() }
