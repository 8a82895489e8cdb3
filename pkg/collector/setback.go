package collector

import "time"

// setBack is for a clock that was set back since the last Tick: what is due
// would else be due only when it has caught up, and samples that are old would
// look young again. Both sources are read anew.
func (c *Collector) setBack(now time.Time) {
	if !now.Before(c.ticked) {
		return
	}
	c.round = now
	clear(c.read)
	for _, a := range c.workloads {
		if !a.retry.IsZero() {
			a.retry = now
		}
	}
	for _, r := range c.records {
		r.state.Datadog, r.state.MetricsServer = time.Time{}, time.Time{}
	}
}
