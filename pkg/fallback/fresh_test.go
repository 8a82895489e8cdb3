package fallback_test

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
)

func TestASampleIsFreshUntilItsMaxAgeAndNotOfTheFuture(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		sample time.Time
		want   bool
	}{
		"there is none":               {time.Time{}, false},
		"of now":                      {now, true},
		"as old as it may be":         {now.Add(-3 * time.Minute), true},
		"older":                       {now.Add(-3*time.Minute - 1), false},
		"by a clock that is ahead":    {now.Add(30 * time.Second), true},
		"from before a clock was set": {now.Add(30*time.Second + 1), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := fallback.Fresh(c.sample, 3*time.Minute, now); got != c.want {
				t.Errorf("fresh = %v, want %v", got, c.want)
			}
		})
	}
}
