package collector

import (
	"fmt"
	"strings"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// causes are what is wrong with each source.
type causes struct {
	datadog, metricsServer Cause
}

// UnavailableError says that no source has usable data of a selection: for
// each source what is wrong, since when, and (in the words of the source) what
// to do.
type UnavailableError struct {
	Selection              utilization.Selection
	Datadog, MetricsServer Cause
	// DatadogOff says that the configuration disables Datadog, Pending that
	// it has not answered for the first time.
	DatadogOff, Pending bool
	// Only is the one source that was asked for, None for both.
	Only fallback.Source

	now     time.Time
	samples [2]time.Time
}

func (e *UnavailableError) Error() string {
	var of []string
	if e.Only != fallback.MetricsServer {
		of = append(of, "datadog: "+e.datadog())
	}
	of = append(of, "metrics-server: "+e.text(e.MetricsServer, e.samples[1]))
	return fmt.Sprintf("%s: no source has usable data, so there is no answer and the HPA keeps its replicas; %s",
		e.Selection, strings.Join(of, "; "))
}

func (e *UnavailableError) datadog() string {
	switch {
	case e.DatadogOff:
		return "disabled (datadog.enabled)"
	case e.Pending && e.Datadog.Err == nil:
		return "the first collection has not ended yet; it takes some seconds"
	}
	return e.text(e.Datadog, e.samples[0])
}

func (e *UnavailableError) text(c Cause, last time.Time) string {
	switch {
	case c.Err != nil:
		return fmt.Sprintf("%s (since %s, %s)", c.Err, c.Since.UTC().Format(time.RFC3339), e.now.Sub(c.Since).Round(time.Second))
	case !last.IsZero():
		return fmt.Sprintf("its calls succeed, but its newest data are %s old, of %s, and not believed",
			e.now.Sub(last).Round(time.Second), last.UTC().Format(time.RFC3339))
	}
	return "it has not been read yet; it will be within seconds"
}

// BusyError says that a selection that is not followed yet cannot be served now,
// and when to come back.
type BusyError struct {
	Selection utilization.Selection
	// Why is what stands in the way, as a sentence without a period.
	Why string
	// After is when the first sample is expected; zero if it cannot be said.
	After time.Time
	// Named says that an HPA names the selection by now, so that it will be
	// followed whoever asks.
	Named bool
}

func (e *BusyError) Error() string {
	when := ""
	if !e.After.IsZero() {
		when = "; the first sample is expected by " + e.After.UTC().Format(time.RFC3339)
	}
	if e.Named {
		return fmt.Sprintf("%s: an HPA names it since a moment ago, and %s%s; an HPA asks again by itself", e.Selection, e.Why, when)
	}
	return fmt.Sprintf("%s: it is not followed yet, and %s%s; ask again then (what an HPA names is always followed)", e.Selection, e.Why, when)
}
