package collector

import (
	"errors"
	"fmt"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// Snapshot is what one Tick has found. It is immutable.
type Snapshot struct {
	taken   time.Time
	gap     time.Duration
	entries map[utilization.Selection]*Entry
}

// publish makes the snapshot of the records and lets those who wait know.
func (c *Collector) publish(records []*record, now time.Time) {
	s := &Snapshot{taken: now, gap: c.gap(), entries: make(map[utilization.Selection]*Entry, len(records))}
	for _, r := range records {
		s.entries[r.want.Selection] = c.entry(r)
	}
	c.snapshot.Store(s)
	c.metrics.lastTick.Set(float64(now.UnixMilli()) / 1e3)
	c.strangers.tell()
}

// entry is what may be served of a record until the next Tick.
func (c *Collector) entry(r *record) *Entry {
	ratio, known := r.skew.Ratio()
	remembered, current := fallback.SkewUnknown, fallback.SkewUnknown
	if known {
		remembered = skewOf(ratio.Balanced())
	}
	if r.metricsServer != nil {
		current = skewOf(r.metricsServer.Balanced())
	}
	e := &Entry{
		selection:     r.want.Selection,
		policy:        &c.options.Policy,
		state:         r.state,
		datadog:       r.datadog,
		metricsServer: r.metricsServer,
		ratio:         ratio,
		mode:          c.options.Policy.Serves(r.state, remembered),
		shrinks:       c.options.Policy.MayShrink(r.state, remembered, current),
		hold:          r.hold(),
		err:           r.err,
		causes:        causes{datadog: r.datadogCause, metricsServer: r.metricsServerCause},
		skewKnown:     known,
	}
	e.leftOut, _ = r.notMeasured()
	if r.metricsServer != nil {
		e.maximum = sample(r.metricsServer, r.metricsServer.Max)
	}
	return e
}

func skewOf(balanced bool) fallback.Skew {
	if balanced {
		return fallback.SkewBalanced
	}
	return fallback.SkewUnbalanced
}

// Get is the entry of a selection, if it is followed.
func (s *Snapshot) Get(selection utilization.Selection) (*Entry, bool) {
	if s == nil {
		return nil, false
	}
	e, ok := s.entries[selection]
	return e, ok
}

// Taken is when the snapshot was taken: when its Tick began. It is zero for no
// snapshot.
func (s *Snapshot) Taken() time.Time {
	if s == nil {
		return time.Time{}
	}
	return s.taken
}

// Stale is an error when the snapshot is much older than a Tick can make it:
// the loop is stuck.
func (s *Snapshot) Stale(now time.Time) error {
	if s == nil {
		return errors.New("no collection has finished yet; it takes some seconds after a start")
	}
	if age := now.Sub(s.taken); age > s.gap {
		return fmt.Errorf("the last collection finished %s ago, at %s, and should be at most %s old: the collecting loop is stuck; "+
			"its liveness probe restarts it, see the adapter's log", age.Round(time.Second), s.taken.UTC().Format(time.RFC3339), s.gap)
	}
	return nil
}
