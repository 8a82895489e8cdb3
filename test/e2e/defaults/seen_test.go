package defaults

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/stage"
)

// answering is an error unless the newest answer comes from a source.
func answering(seen *diary, w stage.Workload, source string) error {
	l, err := seen.newest(w)
	if err == nil && l.Label("source") != source {
		err = fmt.Errorf("the source is not %s: %s", source, l)
	}
	return err
}

// noneFailed reports the answers since then that held no value.
func noneFailed(t *testing.T, seen *diary, w stage.Workload, began time.Time) {
	t.Helper()
	looks := seen.since(w, began)
	if len(looks) == 0 {
		t.Errorf("%s: nothing was read", name(w))
	}
	failed := report(t, w, looks, func(l look) error {
		if !l.OK() {
			return errors.New("no value")
		}
		return nil
	})
	t.Logf("%s: of %d answers in %s %d failed", name(w), len(looks), time.Since(began).Round(time.Second), failed)
}

// rested reports what was not as it has to be under a load that is constant: no
// answer failed, each says what the world says and is not too old, and the
// replicas stayed. It returns the sources, each run of equal ones once.
func rested(t *testing.T, s *stage.Stage, seen *diary, w stage.Workload, began time.Time) (sources []string) {
	t.Helper()
	noneFailed(t, seen, w, began)
	looks := seen.since(w, began)
	report(t, w, looks, func(l look) error {
		if !l.OK() {
			return nil
		}
		if source := l.Label("source"); len(sources) == 0 || sources[len(sources)-1] != source {
			sources = append(sources, source)
		}
		if l.replicas != looks[0].replicas {
			return fmt.Errorf("there were %d replicas at first", looks[0].replicas)
		}
		return truthful(s, w, l.Answer)
	})
	return sources
}

// report reports the first few looks that a check finds wrong, and counts all.
func report(t *testing.T, w stage.Workload, looks []look, check func(look) error) (wrong int) {
	t.Helper()
	const told = 5
	for _, l := range looks {
		if err := check(l); err != nil {
			if wrong++; wrong <= told {
				t.Errorf("%s at %s: %v: %s", name(w), l.At.Format("15:04:05.000"), err, l)
			}
		}
	}
	if wrong > told {
		t.Errorf("%s: %d more are like that", name(w), wrong-told)
	}
	return wrong
}

// wantRested is rested with the sources that are wanted.
func wantRested(t *testing.T, s *stage.Stage, seen *diary, w stage.Workload, began time.Time, want ...string) {
	t.Helper()
	if got := rested(t, s, seen, w, began); !slices.Equal(got, want) {
		t.Errorf("%s: the sources were %q, want %q", name(w), got, want)
	}
}

// points is how far an answer may be from the world, in percent points.
const points = 2

// truthful is an error unless an answer is what the world says now, which must
// be what it said when the data were measured: from Datadog the busiest
// container, from metrics-server the Pod average, and what an HPA would make
// nothing of in either case.
func truthful(s *stage.Stage, w stage.Workload, a stage.Answer) error {
	if !a.OK() {
		return errors.New("no value")
	}
	truth, err := s.World.Truth(time.Now(), w.Namespace, w.Name)
	if err != nil {
		return err
	}
	want, oldest := float64(truth.PodAverage), 90*time.Second
	if a.Label("source") == "datadog" {
		want, oldest = float64(truth.Max), maxAge
	}
	measured := a.Value()
	if a.Label("adjusted") != "" {
		if measured, err = strconv.ParseFloat(a.Label("measured"), 64); err != nil {
			return fmt.Errorf("the label measured: %w", err)
		}
	}
	// Timestamps are whole seconds.
	age := a.At.Sub(a.Items[0].Timestamp.Time)
	switch {
	case math.Abs(measured-want) > points:
		return fmt.Errorf("%.1f was measured, and it is %.1f", measured, want)
	case math.Abs(a.Value()-target) > points:
		return fmt.Errorf("the value is not the target, %d", target)
	case age > oldest+2*time.Second:
		return fmt.Errorf("its data are %s old", age)
	}
	return nil
}
