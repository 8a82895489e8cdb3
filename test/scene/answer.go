package scene

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/crest-hpa/crest/test/stage"
)

// Reader asks for one metric.
type Reader func(context.Context) stage.Answer

// Maximum reads that of the workload through the API server, as the HPA does.
func (s *Scene) Maximum(w stage.Workload) Reader { return s.Metric(w, stage.Max) }

// Metric reads any metric of the workload through the API server.
func (s *Scene) Metric(w stage.Workload, metric string) Reader {
	return s.Asking(w, metric, w.Selector())
}

// Asking is Metric with another selector.
func (s *Scene) Asking(w stage.Workload, metric, selector string) Reader {
	return func(ctx context.Context) stage.Answer { return s.Read(ctx, w.Namespace, metric, selector) }
}

// AwaitAnswer asks until the answer is as wanted.
func AwaitAnswer(t *testing.T, ask Reader, want Want) stage.Answer {
	t.Helper()
	var answer stage.Answer
	Eventually(t, "the answer is as wanted", func() error {
		answer = ask(t.Context())
		if err := want(answer); err != nil {
			return fmt.Errorf("%w; the answer is %s", err, answer)
		}
		return nil
	})
	t.Log(answer)
	return answer
}

// AwaitFallback waits until metrics-server could answer. It has nothing usable
// of Pods that became Ready a moment ago, and an outage of Datadog would be one
// of both sources.
func (s *Scene) AwaitFallback(t *testing.T, w stage.Workload) {
	t.Helper()
	AwaitAnswer(t, s.Metric(w, stage.PodAverage), From("metrics-server"))
}

// Want is an error unless an answer is what it should be.
type Want func(stage.Answer) error

// From wants a value from a source.
func From(source string) Want {
	return func(a stage.Answer) error {
		if !a.OK() {
			return errors.New("there is no value")
		}
		if got := a.Label("source"); got != source {
			return fmt.Errorf("the source is %q, want %q", got, source)
		}
		return nil
	}
}

// Reads wants a value from a source, give or take so many percent points.
func Reads(source string, value, off float64) Want {
	return func(a stage.Answer) error {
		return errors.Join(From(source)(a), Within("the value", a.Value(), value, off))
	}
}

// Of wants the value of a container; of none, that is, a Pod average, if it is
// empty.
func Of(container string) Want {
	return func(a stage.Answer) error {
		if got := a.Label("container"); got != container {
			return fmt.Errorf("it is of container %q, want %q", got, container)
		}
		return nil
	}
}

// AsMeasured wants a value that was not adjusted.
func AsMeasured(a stage.Answer) error {
	if how := a.Label("adjusted"); how != "" {
		return fmt.Errorf("it is %s because of %q, from %s", how, a.Label("reason"), a.Label("measured"))
	}
	return nil
}

// Adjusted wants an answer that was adjusted in this way, for this reason if
// there is one, from this measured percent.
func Adjusted(how, reason string, measured, off float64) Want {
	return func(a stage.Answer) error {
		var got float64
		if _, err := fmt.Sscan(a.Label("measured"), &got); err != nil {
			return fmt.Errorf("the label measured: %w", err)
		}
		return errors.Join(Because(how, reason)(a), Within("what was measured", got, measured, off))
	}
}

// Because is Adjusted from whatever was measured.
func Because(how, reason string) Want {
	return func(a stage.Answer) error {
		if a.Label("adjusted") != how || a.Label("reason") != reason {
			return fmt.Errorf("it is adjusted by %q because of %q, want %q because of %q",
				a.Label("adjusted"), a.Label("reason"), how, reason)
		}
		return nil
	}
}

// Fails wants an error with a code that says all of this.
func Fails(code int, says ...string) Want {
	return func(a stage.Answer) error {
		if a.Code != code {
			return fmt.Errorf("want a %d", code)
		}
		return SaysAll(a.Message, says...)
	}
}

// All wants everything at once.
func All(wants ...Want) Want {
	return func(a stage.Answer) error {
		var errs []error
		for _, want := range wants {
			errs = append(errs, want(a))
		}
		return errors.Join(errs...)
	}
}
