package collector

import (
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
)

// standsAlone keeps whether Datadog answers for the selection while
// metrics-server has not been able to for as long as its samples are believed:
// were Datadog to fail now, there would be no answer. Pods that are young are
// without metrics for a moment, which is nothing to tell of. It returns whether
// that has changed.
func (r *record) standsAlone(maxAge time.Duration, now time.Time) bool {
	was, cause := r.alone, r.metricsServerCause
	switch {
	case cause.Err == nil:
		r.alone = false
	case r.shape != nil && r.state.Source == fallback.Datadog && now.Sub(cause.Since) >= maxAge:
		r.alone = true
	}
	return r.alone != was
}

// announceAlone logs a fallback that is gone before it is needed, and one that
// is back: one line for all selections at once. No answer changes, so that the
// HPAs need not hear of it.
func (c *Collector) announceAlone(records []*record, now time.Time) {
	var alone, again []*record
	for _, r := range records {
		if !r.standsAlone(c.options.Policy.MetricsServerMaxAge, now) {
			continue
		}
		if r.alone {
			alone = append(alone, r)
		} else {
			again = append(again, r)
		}
	}
	if len(alone) > 0 {
		first := alone[0]
		c.options.Log.Info("metrics-server has nothing usable; Datadog answers, and nothing would if it failed", "selections", len(alone),
			"first", first.want.Selection.String(), "since", inUTC(first.metricsServerCause.Since), "error", first.metricsServerCause.Err.Error())
	}
	if len(again) > 0 {
		c.options.Log.Info("metrics-server could answer again if Datadog failed", "selections", len(again),
			"first", again[0].want.Selection.String())
	}
}
