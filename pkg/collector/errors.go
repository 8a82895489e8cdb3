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

	now                    time.Time
	datadog, metricsServer newest
}

// newest is the last usable sample of a source, for how long it may be
// believed, and what to do when none follows.
type newest struct {
	sample time.Time
	maxAge time.Duration
	advice string
}

func (e *UnavailableError) Error() string {
	var of []string
	if e.Only != fallback.MetricsServer {
		of = append(of, "datadog: "+e.ofDatadog())
	}
	of = append(of, "metrics-server: "+e.text(e.MetricsServer, e.metricsServer))
	return fmt.Sprintf("%s: no source has usable data, so there is no answer and the HPA keeps its replicas; %s",
		e.Selection, strings.Join(of, "; "))
}

func (e *UnavailableError) ofDatadog() string {
	switch {
	case e.DatadogOff:
		return "disabled (datadog.enabled)"
	case e.Pending && e.Datadog.Err == nil:
		return "the first collection has not ended yet; it takes some seconds"
	}
	return e.text(e.Datadog, e.datadog)
}

func (e *UnavailableError) text(c Cause, last newest) string {
	if c.Err != nil {
		return fmt.Sprintf("%s (since %s, %s)", c.Err, inUTC(c.Since), e.now.Sub(c.Since).Round(time.Second))
	}
	if last.sample.IsZero() {
		return "it has not been read yet; it will be within seconds"
	}
	if ahead := last.sample.Sub(e.now); ahead > time.Second {
		return fmt.Sprintf("its newest data are of %s, %s ahead of Crest's clock; was the clock of this node set back", inUTC(last.sample), ahead.Round(time.Second))
	}
	old := fmt.Sprintf("its newest data are %s old, of %s", e.now.Sub(last.sample).Round(time.Second), inUTC(last.sample))
	if until := last.sample.Add(last.maxAge); e.now.After(until) {
		return fmt.Sprintf("its calls succeed, but %s, and not believed since %s, when they were %s old; %s", old, inUTC(until), last.maxAge, last.advice)
	}
	return "its calls succeed, and " + old + "; it answers from the next collection on, within seconds"
}

func inUTC(t time.Time) string { return t.UTC().Format(time.RFC3339) }

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
