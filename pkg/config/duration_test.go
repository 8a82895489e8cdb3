package config_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/config"
)

func TestDurationsAreSpelledAsPeopleDo(t *testing.T) {
	for want, duration := range map[string]time.Duration{
		"0s": 0, "250ms": 250 * time.Millisecond, "1.5s": 1500 * time.Millisecond, "30s": 30 * time.Second,
		"1m": time.Minute, "90s": 90 * time.Second, "1m30.5s": 90*time.Second + 500*time.Millisecond,
		"2m": 2 * time.Minute, "2m30s": 150 * time.Second, "10m": 10 * time.Minute,
		"1h": time.Hour, "1h30m": 90 * time.Minute, "20h0m5s": 20*time.Hour + 5*time.Second, "-1m": -time.Minute,
	} {
		got := config.Duration{Duration: duration}.String()
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if back, err := time.ParseDuration(got); err != nil || back != duration {
			t.Errorf("%s is read as %v, %v", got, back, err)
		}
	}
}
