package fallback

import "time"

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
	// DatadogFailing: too many collections failed in a row, or one where it
	// has no fresh sample.
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
	// the good ones in a row with samples at most half of maxAge old, since
	// Datadog was last left.
	Failures, Recoveries int
	// Tried says that a Datadog collection has ended, well or not; Met that
	// Datadog has been the source.
	Tried, Met bool
	// Silent says that Datadog has never reported one of the containers;
	// only a complete sample disproves it, so that one that is missing for
	// another reason does not change the mode that is served.
	Silent bool
	// Datadog and MetricsServer are the times of the newest good samples.
	Datadog, MetricsServer time.Time
}
