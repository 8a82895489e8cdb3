package config

import (
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that a file spells with its unit: 30s, 3m, 1h30m.
type Duration struct{ time.Duration }

// String is the spelling that people use: 3m and 90s, where time.Duration says
// 3m0s and 1m30s.
func (d Duration) String() string {
	seconds := d.Duration / time.Second
	if seconds > 60 && seconds < 120 && d.Duration%time.Second == 0 {
		return strconv.Itoa(int(seconds)) + "s"
	}
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
