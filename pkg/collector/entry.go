package collector

import (
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// Entry is what is known of one selection. It is immutable; the methods say
// what is answered at the moment of a read.
type Entry struct {
	selection              utilization.Selection
	policy                 *fallback.Policy
	state                  fallback.State
	datadog, metricsServer *sampled
	// maximum is that of metrics-server, ready for Guard; zero without one.
	maximum   utilization.Sample
	ratio     utilization.Ratio
	skewKnown bool
	// mode is what the fallback serves, shrinks whether it alone may lower
	// the replicas, hold why no source may yet.
	mode    fallback.Mode
	shrinks bool
	hold    utilization.HoldReason
	// err is why the workload has no utilization, whatever the sources say.
	err    error
	causes causes
	// leftOut are the containers that the Pods leave out, whatever the source.
	leftOut []utilization.LeftOut
}

// Result is one value as it is served.
type Result struct {
	// Value is the answer; Measured what it was before it was calibrated,
	// rebased or held.
	Value, Measured utilization.Percent
	// Span is that of the data.
	Span   utilization.Span
	Source fallback.Source
	// Container is the hottest one, or the one that the value is of; empty
	// on a Pod average.
	Container           string
	Calibrated, Rebased bool
	Held                utilization.HoldReason
}

// Max is the highest utilization of the selected containers, guarded: what an
// HPA follows. While the fallback answers it is what the fallback's mode says.
func (e *Entry) Max(scale utilization.Scale, now time.Time) (Result, error) {
	return e.guarded(e.mode, scale, now)
}

// Containers is the utilization of each selected container, sorted by name. A
// selection of exactly one container by its name is guarded, since an HPA may
// follow it; else the values are as measured.
func (e *Entry) Containers(scale utilization.Scale, now time.Time) ([]Result, error) {
	if _, one := e.selection.Containers.Single(); one {
		r, err := e.guarded(fallback.MaxContainer, scale, now)
		if err != nil {
			return nil, err
		}
		return []Result{r}, nil
	}
	source, s, err := e.serving(now)
	if err != nil {
		return nil, err
	}
	results := make([]Result, 0, len(s.Containers))
	for _, c := range s.Containers {
		results = append(results, Result{Value: c.Utilization, Measured: c.Utilization, Span: s.Span, Source: source, Container: c.Name})
	}
	return results, nil
}

// PodAverage is the plain Pod average from metrics-server.
func (e *Entry) PodAverage(now time.Time) (Result, error) {
	if e.err != nil {
		return Result{}, e.err
	}
	s := e.steady(now)
	if s == nil || !s.AverageKnown {
		unavailable := e.unavailable(now)
		unavailable.Only = fallback.MetricsServer
		return Result{}, unavailable
	}
	return Result{Value: s.Average, Measured: s.Average, Span: s.Span, Source: fallback.MetricsServer}, nil
}

// serving is who answers now and with what.
func (e *Entry) serving(now time.Time) (fallback.Source, *sampled, error) {
	if e.err != nil {
		return fallback.None, nil, e.err
	}
	switch source := e.policy.Serve(e.state, now); source {
	case fallback.Datadog:
		return source, e.datadog, nil
	case fallback.MetricsServer:
		return source, e.metricsServer, nil
	case fallback.None:
	}
	return fallback.None, nil, e.unavailable(now)
}

// steady is metrics-server's sample while it is fresh, whoever answers.
func (e *Entry) steady(now time.Time) *sampled {
	if s := e.metricsServer; s != nil && fallback.Fresh(s.Span.End, e.policy.MetricsServerMaxAge, now) {
		return s
	}
	return nil
}

// guarded is the value of the source that answers, through Guard.
func (e *Entry) guarded(mode fallback.Mode, scale utilization.Scale, now time.Time) (Result, error) {
	source, s, err := e.serving(now)
	if err != nil {
		return Result{}, err
	}
	if !s.AverageKnown {
		mode = fallback.MaxContainer // never a made-up number
	}
	r := Result{Source: source, Span: s.Span, Container: s.Hottest}
	m := utilization.Measured{Sample: sample(s, s.Max), Hold: e.hold}
	raw := s.Max
	if source == fallback.Datadog {
		m.MeanOverPods = true
		if e.steady(now) != nil {
			m.Steady = &e.maximum
		}
		if !e.mayShrink(fallback.MaxContainer) {
			m.SteadyHold = utilization.FallbackScaleDown
		}
	} else {
		raw, m.Value, r.Calibrated = e.fallback(mode, s)
		if mode != fallback.MaxContainer {
			r.Container = ""
		}
		if m.Hold == "" && !e.mayShrink(mode) {
			m.Hold = utilization.FallbackScaleDown
		}
	}
	a, err := utilization.Guard(m, scale)
	if err != nil {
		return Result{}, err
	}
	r.Value, r.Measured, r.Rebased, r.Held = a.Value, raw, a.Rebased, a.Held
	if a.Settled {
		s = e.metricsServer
		r.Source, r.Span, r.Container, r.Measured = fallback.MetricsServer, s.Span, s.Hottest, s.Max
	}
	return r, nil
}

// fallback is what a mode makes of metrics-server's sample: what was measured,
// and the value.
func (e *Entry) fallback(mode fallback.Mode, s *sampled) (raw, value utilization.Percent, calibrated bool) {
	switch mode {
	case fallback.PodAverage:
		return s.Average, s.Average, false
	case fallback.CalibratedPodAverage:
		return s.Average, s.Average * utilization.Percent(e.ratio), true
	case fallback.MaxContainer:
	}
	return s.Max, s.Max, false
}

// mayShrink says whether the fallback alone may lower the replicas. A maximum
// that was asked for by its container's name is one in any mode.
func (e *Entry) mayShrink(mode fallback.Mode) bool {
	return e.shrinks || mode == fallback.MaxContainer && e.policy.ScaleDown == fallback.Auto
}

func sample(s *sampled, value utilization.Percent) utilization.Sample {
	return utilization.Sample{Value: value, Span: s.covers, Ready: s.ready, MeanOf: s.meanOf}
}

func (e *Entry) unavailable(now time.Time) *UnavailableError {
	return &UnavailableError{
		Selection:     e.selection,
		Datadog:       e.causes.datadog,
		MetricsServer: e.causes.metricsServer,
		DatadogOff:    e.policy.DatadogDisabled,
		Pending:       !e.state.Tried && !e.policy.DatadogDisabled,
		now:           now,
		datadog: newest{
			sample: e.state.Datadog,
			maxAge: e.policy.DatadogMaxAge,
			advice: "see in Datadog whether the workload's CPU usage is still reported: its agents may be down, or Datadog may lag",
		},
		metricsServer: newest{
			sample: e.state.MetricsServer,
			maxAge: e.policy.MetricsServerMaxAge,
			advice: "see kubectl top pods --namespace " + e.selection.Workload.Namespace + ", and metrics-server's log",
		},
	}
}
