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

// Next folds what happened into the state and decides who answers from now on.
// The reason is NoChange when that is who answered before.
func (p Policy) Next(s State, h Health, now time.Time) (State, Reason) {
	s = p.observe(s, h, now)
	source, reason := p.decide(s, now)
	if source == s.Source {
		return s, NoChange
	}
	if s.Source == Datadog {
		s.Recoveries = 0 // what was good before it went does not bring it back
	}
	s.Source, s.Reason, s.Since = source, reason, now
	s.Met = s.Met || source == Datadog
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
		s.Tried, s.Silent = true, false
		s.Failures = 0
	case Missing, Silent:
		s.Tried = true
		s.Failures, s.Recoveries = 0, 0
		s.Silent = s.Silent || d.Outcome == Silent
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
	case Fresh(s.MetricsServer, p.MetricsServerMaxAge, now):
		return MetricsServer, p.fallbackReason(s)
	case p.datadogUsable(s, now):
		// It is on its way back, and the fallback has gone: better than none.
		return Datadog, datadogReason(s)
	}
	return None, NoSource
}

// datadogUsable says whether Datadog could answer: one good collection is
// enough where there is nothing to flap away from.
func (p Policy) datadogUsable(s State, now time.Time) bool {
	return !p.DatadogDisabled && s.Failures == 0 && Fresh(s.Datadog, p.DatadogMaxAge, now)
}

// datadogBelieved says whether Datadog answers, which depends on who did.
func (p Policy) datadogBelieved(s State, now time.Time) bool {
	if p.DatadogDisabled || !Fresh(s.Datadog, p.DatadogMaxAge, now) {
		return false
	}
	switch s.Source {
	case Datadog:
		return s.Failures < p.FailureThreshold
	case MetricsServer:
		return s.Recoveries >= p.RecoveryThreshold || !s.Met && p.datadogUsable(s, now)
	case None:
		return p.datadogUsable(s, now)
	}
	return false
}

// datadogReason is why Datadog answers. A selection meets it with its first good
// collection, whatever metrics-server answered for until then: there is no
// link yet that could flap, and a young workload would else stay with the
// fallback for as long as Datadog's data lag by more than half of maxAge.
func datadogReason(s State) Reason {
	if s.Met {
		return DatadogRecovered
	}
	return DatadogGood
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
		if Fresh(s.Datadog, p.DatadogMaxAge, now) {
			return Datadog
		}
		fallthrough
	case MetricsServer:
		if Fresh(s.MetricsServer, p.MetricsServerMaxAge, now) {
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

// mostAhead is how far a sample may be ahead of now: clocks differ a little. One
// that is further ahead was taken before our clock was set back, and its age is
// not known.
const mostAhead = 30 * time.Second

// Fresh says whether a sample that ends then is at most maxAge old, and not of
// the future.
func Fresh(sample time.Time, maxAge time.Duration, now time.Time) bool {
	age := now.Sub(sample)
	return !sample.IsZero() && age <= maxAge && age >= -mostAhead
}
