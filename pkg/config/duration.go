package config

import (
	"strings"
	"time"
)

// Duration is a time.Duration that a file spells with its unit: 30s, 3m, 1h30m.
type Duration struct{ time.Duration }

// String is the shortest spelling: 3m, where time.Duration says 3m0s.
func (d Duration) String() string {
	s := d.Duration.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalYAML spells the duration as a file does.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }
