package collector

import (
	"fmt"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// change is one selection whose source changed, or, where from is to, one of
// whose containers Datadog turns out never to report.
type change struct {
	selection utilization.Selection
	from, to  fallback.Source
	reason    fallback.Reason
	note      string
	// first says that the selection had no source before.
	first bool
}

// announce tells those who look at the HPA. That the first answer comes from
// Datadog, or from metrics-server where Datadog is disabled, is what they
// expect.
func (ch change) announce(to Inventory) {
	switch ch.reason {
	case fallback.DatadogGood, fallback.DatadogRecovered, fallback.DatadogOff:
		if !ch.first {
			to.Inform(ch.selection, string(ch.reason), ch.note)
		}
	default:
		to.Warn(ch.selection, string(ch.reason), ch.note)
	}
}

// note says what the change means to those who look at an HPA.
func (r *record) note() string {
	note := fmt.Sprintf("%s: the source is now %s", r.want.Selection, r.state.Source)
	if r.err != nil {
		note += "; " + r.err.Error()
	}
	switch err, last := r.datadogCause.Err, r.state.Datadog; {
	case r.state.Source == fallback.Datadog:
	case err != nil:
		note += "; datadog: " + err.Error()
	case !last.IsZero():
		note += "; datadog: its newest usable data are of " + last.UTC().Format(time.RFC3339)
	}
	if err := r.metricsServerCause.Err; err != nil && r.state.Source == fallback.None {
		note += "; metrics-server: " + err.Error()
	}
	return note
}

// announce counts, tells and logs the changes: an Event for each, but one log
// line for all that changed alike, since an outage changes thousands at once.
func (c *Collector) announce(changes []change) {
	type kind struct {
		from, to fallback.Source
		reason   fallback.Reason
	}
	var order []kind
	alike := map[kind][]change{}
	for _, ch := range changes {
		if ch.from != ch.to {
			c.metrics.transitions.WithLabelValues(ch.from.String(), ch.to.String(), string(ch.reason)).Inc()
		}
		ch.announce(c.options.Inventory)
		k := kind{ch.from, ch.to, ch.reason}
		if alike[k] == nil {
			order = append(order, k)
		}
		alike[k] = append(alike[k], ch)
	}
	for _, k := range order {
		message := "source changed"
		if k.from == k.to {
			message = "Datadog never reports a container"
		}
		c.options.Log.Info(message, "reason", k.reason, "from", k.from.String(), "to", k.to.String(),
			"selections", len(alike[k]), "first", alike[k][0].note)
	}
}
