package fallback

import "time"

// Policy are the knobs of the decision.
type Policy struct {
	// DatadogDisabled says that metrics-server is the only source.
	DatadogDisabled bool
	// DatadogMaxAge and MetricsServerMaxAge are how old a sample may be.
	DatadogMaxAge, MetricsServerMaxAge time.Duration
	// FailureThreshold is how many Datadog collections in a row must fail
	// before it is no longer believed.
	FailureThreshold int
	// RecoveryThreshold is how many good ones in a row must come before it
	// is believed again.
	RecoveryThreshold int
	// Mode is what the fallback serves.
	Mode Mode
	// ScaleDown is whether the fallback alone may shrink a workload.
	ScaleDown ScaleDown
}

// Source is who answers.
type Source uint8

// The sources.
const (
	// None is no source: the answer is an error.
	None Source = iota
	// Datadog is the primary source.
	Datadog
	// MetricsServer is the fallback.
	MetricsServer
)

// String is the source as labels spell it.
func (s Source) String() string {
	switch s {
	case Datadog:
		return "datadog"
	case MetricsServer:
		return "metrics-server"
	case None:
		return "none"
	}
	return "unknown"
}

// Outcome is what a collection from one source meant to one selection.
type Outcome uint8

// What a collection can mean.
const (
	// Idle is no collection since the last decision.
	Idle Outcome = iota
	// Failed is a call that failed.
	Failed
	// Unchanged is a good call that brought the sample that was known.
	Unchanged
	// Missing is a good call without a usable sample: nothing for the
	// workload, a container of it missing, too few Pods, or too old.
	Missing
	// Silent is Missing because of a container that the source has never
	// reported, though its Pods are old enough.
	Silent
	// Good is a sample newer than the one before, complete and fresh.
	Good
)

// Observation is the outcome and, for Good, the time of the sample.
type Observation struct {
	Outcome Outcome
	Sample  time.Time
}

// Health is what happened to the sources since the last decision.
type Health struct {
	Datadog, MetricsServer Observation
}

// Reason says why the source of a selection changed.
type Reason string

// The reasons. They are log keys, Event reasons and metric labels.
const (
	// NoChange: the source is the one it was.
	NoChange Reason = ""
	// DatadogGood: the first good collection.
	DatadogGood Reason = "DatadogGood"
	// DatadogRecovered: enough good collections in a row.
	DatadogRecovered Reason = "DatadogRecovered"
	// DatadogFailing: too many collections failed in a row.
	DatadogFailing Reason = "DatadogFailing"
	// DatadogStale: its last sample is too old, though calls succeed.
	DatadogStale Reason = "DatadogStale"
	// DatadogWithoutSample: it has had no usable sample of the selection yet.
	DatadogWithoutSample Reason = "DatadogWithoutSample"
	// ContainerSilent: it has never reported one of the containers.
	ContainerSilent Reason = "ContainerSilent"
	// DatadogOff: the configuration disables it.
	DatadogOff Reason = "DatadogDisabled"
	// NoSource: neither source has a fresh sample.
	NoSource Reason = "NoSource"
)

// State is what is remembered of one selection. It is comparable; the zero
// value is the start.
type State struct {
	// Source is who answers, since Since, because of Reason.
	Source Source
	Since  time.Time
	Reason Reason
	// Failures are the Datadog collections that failed in a row, Recoveries
	// the good ones in a row with samples at most half of maxAge old.
	Failures, Recoveries int
	// Tried says that a Datadog collection has ended, well or not.
	Tried bool
	// Silent says that Datadog has never reported one of the containers.
	Silent bool
	// Datadog and MetricsServer are the times of the newest good samples.
	Datadog, MetricsServer time.Time
}

// Next folds what happened into the state and decides who answers from now on.
// The reason is NoChange when that is who answered before.
func (p Policy) Next(s State, h Health, now time.Time) (State, Reason) {
	s = p.observe(s, h, now)
	source, reason := p.decide(s, now)
	if source == s.Source {
		return s, NoChange
	}
	s.Source, s.Reason, s.Since = source, reason, now
	return s, reason
}

// observe counts what happened.
func (p Policy) observe(s State, h Health, now time.Time) State {
	switch d := h.Datadog; d.Outcome {
	case Idle:
	case Failed:
		s.Tried = true
		s.Failures++
		s.Recoveries = 0
	case Unchanged:
		s.Failures = 0
	case Missing, Silent:
		s.Tried = true
		s.Failures, s.Recoveries = 0, 0
		s.Silent = d.Outcome == Silent
	case Good:
		s.Tried, s.Silent = true, false
		s.Failures = 0
		s.Datadog = d.Sample
		if now.Sub(d.Sample) <= p.DatadogMaxAge/2 {
			s.Recoveries++
		} else {
			s.Recoveries = 0
		}
	}
	if h.MetricsServer.Outcome == Good {
		s.MetricsServer = h.MetricsServer.Sample
	}
	return s
}

// decide says who answers, and why.
func (p Policy) decide(s State, now time.Time) (Source, Reason) {
	switch {
	case p.datadogBelieved(s, now):
		return Datadog, datadogReason(s)
	case !s.Tried && !p.DatadogDisabled:
		return None, NoSource
	case fresh(s.MetricsServer, p.MetricsServerMaxAge, now):
		return MetricsServer, p.fallbackReason(s)
	}
	return None, NoSource
}

// datadogBelieved says whether Datadog answers, which depends on who did.
func (p Policy) datadogBelieved(s State, now time.Time) bool {
	if p.DatadogDisabled || !fresh(s.Datadog, p.DatadogMaxAge, now) {
		return false
	}
	switch s.Source {
	case Datadog:
		return s.Failures < p.FailureThreshold
	case MetricsServer:
		return s.Recoveries >= p.RecoveryThreshold
	case None:
		// There is nothing to flap away from: one good collection is enough.
		return s.Failures == 0
	}
	return false
}

func datadogReason(s State) Reason {
	if s.Since.IsZero() {
		return DatadogGood
	}
	return DatadogRecovered
}

func (p Policy) fallbackReason(s State) Reason {
	switch {
	case p.DatadogDisabled:
		return DatadogOff
	case s.Silent:
		return ContainerSilent
	case s.Failures > 0:
		return DatadogFailing
	case s.Datadog.IsZero():
		return DatadogWithoutSample
	}
	return DatadogStale
}

// Serve says who answers at a read between two decisions: the source that was
// decided on while its sample is fresh, metrics-server when a Datadog sample
// has just become too old, else none.
func (p Policy) Serve(s State, now time.Time) Source {
	switch s.Source {
	case Datadog:
		if fresh(s.Datadog, p.DatadogMaxAge, now) {
			return Datadog
		}
		fallthrough
	case MetricsServer:
		if fresh(s.MetricsServer, p.MetricsServerMaxAge, now) {
			return MetricsServer
		}
	case None:
	}
	return None
}

// Expires is when Serve will next say something else though nothing happened:
// when the sample of the source that answers becomes too old. It is zero for
// none.
func (p Policy) Expires(s State) time.Time {
	switch s.Source {
	case Datadog:
		return s.Datadog.Add(p.DatadogMaxAge)
	case MetricsServer:
		return s.MetricsServer.Add(p.MetricsServerMaxAge)
	case None:
	}
	return time.Time{}
}

// NeedsMetricsServer says whether metrics-server is to be read at every
// fallback interval: it answers, or it may have to at any moment, because
// Datadog failed or its sample is growing old.
func (p Policy) NeedsMetricsServer(s State, now time.Time) bool {
	return s.Source != Datadog || s.Failures > 0 || now.Sub(s.Datadog) > p.DatadogMaxAge/2
}

func fresh(sample time.Time, maxAge time.Duration, now time.Time) bool {
	return !sample.IsZero() && now.Sub(sample) <= maxAge
}
