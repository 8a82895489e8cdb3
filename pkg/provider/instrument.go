package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// outcome is what became of a question, as a label spells it.
type outcome string

// The outcomes: of answers, then of errors.
const (
	outcomeOK         outcome = "ok"
	outcomeCalibrated outcome = "calibrated"
	outcomeRebased    outcome = "rebased"
	outcomeHeld       outcome = "held"

	outcomeUnknownMetric outcome = "unknown_metric"
	outcomeBadSelector   outcome = "bad_selector"
	outcomeBadTarget     outcome = "bad_target"
	outcomeNotFound      outcome = "not_found"
	outcomeNoContainer   outcome = "no_container"
	outcomeNotReady      outcome = "not_ready"
	outcomePending       outcome = "pending"
	outcomeConflict      outcome = "conflict"
	outcomeBusy          outcome = "busy"
	outcomeUnavailable   outcome = "unavailable"
)

// instrumented counts and times the answers of another answerer.
type instrumented struct {
	next     answerer
	answers  *prometheus.CounterVec
	duration *prometheus.HistogramVec
	now      func() time.Time
}

func instrument(next answerer, registerer prometheus.Registerer, now func() time.Time) (*instrumented, error) {
	i := &instrumented{
		next: next,
		now:  now,
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crest_answers_total",
			Help: "Reads of an external metric, by metric, by the source that measured the value (none for an error) and by outcome: " +
				"ok, calibrated, rebased or held for a value; unknown_metric, bad_selector, bad_target, not_found, no_container, " +
				"not_ready, pending, conflict, busy or unavailable for an error.",
		}, []string{"metric", "source", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "crest_answer_duration_seconds",
			Help: "Time that the answer to a read took, in seconds, by metric, without authentication, authorization and encoding. " +
				"Only the first look at a selection that no HPA names may wait, for at most 3 s.",
			Buckets: []float64{1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1, 2, 3, 5},
		}, []string{"metric"}),
	}
	for _, c := range []prometheus.Collector{i.answers, i.duration} {
		if err := registerer.Register(c); err != nil {
			return nil, fmt.Errorf("registering the metrics of the answers: %w", err)
		}
	}
	return i, nil
}

func (i *instrumented) answer(ctx context.Context, q question) (reply, error) {
	begin := i.now()
	r, err := i.next.answer(ctx, q)
	metric := known(q.metric)
	i.duration.WithLabelValues(metric).Observe(i.now().Sub(begin).Seconds())
	var source fallback.Source
	var became outcome
	if err == nil {
		source, became = summarize(r.answers)
	} else {
		became = outcomeOf(err)
	}
	i.answers.WithLabelValues(metric, source.String(), string(became)).Inc()
	return r, err
}

// summarize is the source of the answers and the strongest thing that was done
// to any of them.
func summarize(answers []Answer) (fallback.Source, outcome) {
	source, strongest := fallback.None, outcomeOK
	for i := range answers {
		a := &answers[i]
		source = a.Source
		switch {
		case a.Held != "":
			strongest = outcomeHeld
		case a.Rebased && strongest != outcomeHeld:
			strongest = outcomeRebased
		case a.Calibrated && strongest == outcomeOK:
			strongest = outcomeCalibrated
		}
	}
	return source, strongest
}

// outcomeOf is the outcome of an error.
func outcomeOf(err error) outcome {
	is := func(target any) bool { return errors.As(err, target) }
	switch {
	case is(new(*MetricError)):
		return outcomeUnknownMetric
	case is(new(*SelectorError)), is(new(*NamespaceError)):
		return outcomeBadSelector
	case is(new(*TargetError)):
		return outcomeBadTarget
	case is(new(*utilization.NotFoundError)):
		return outcomeNotFound
	case is(new(*utilization.NoContainerError)):
		return outcomeNoContainer
	case is(new(*utilization.NotReadyError)):
		return outcomeNotReady
	case is(new(*utilization.PendingError)):
		return outcomePending
	case is(new(*utilization.ConflictError)):
		return outcomeConflict
	case is(new(*BusyError)):
		return outcomeBusy
	}
	return outcomeUnavailable
}
