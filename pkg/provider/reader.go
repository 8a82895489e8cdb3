package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// question is one read of one metric.
type question struct {
	metric, namespace string
	selector          labels.Selector
}

// reply is the answers to a question, and what they are about.
type reply struct {
	selection utilization.Selection
	answers   []Answer
}

// answerer answers questions; its errors are not yet API errors.
type answerer interface {
	answer(ctx context.Context, q question) (reply, error)
}

// MetricError says that a metric is not one of ours.
type MetricError struct{ Metric string }

func (e *MetricError) Error() string {
	return fmt.Sprintf("there is no external metric %q; there are %s", e.Metric, strings.Join(Metrics(), ", "))
}

// NamespaceError says that a read does not name a namespace.
type NamespaceError struct{ Metric string }

func (e *NamespaceError) Error() string {
	return "a workload has a namespace, and the request names none; ask for " +
		"/apis/external.metrics.k8s.io/v1beta1/namespaces/NAMESPACE/" + e.Metric + "?labelSelector=deployment%3DNAME"
}

// reader answers from the newest snapshot.
type reader struct {
	grammar    Grammar
	collection Collection
	scales     Scales
	now        func() time.Time
}

// answer finds the selection's entry and reads the metric from it.
func (r *reader) answer(ctx context.Context, q question) (reply, error) {
	if !ours(q.metric) {
		return reply{}, &MetricError{Metric: q.metric}
	}
	sel, err := r.selection(q)
	if err != nil {
		return reply{}, err
	}
	want := utilization.Want{Selection: sel, PodAverage: q.metric == PodAverage}
	entry, ok, err := r.get(sel)
	if err == nil && !ok {
		entry, err = r.enrol(ctx, want)
	}
	if err != nil {
		return reply{}, err
	}
	answers, err := r.read(q.metric, sel, entry)
	if err != nil && ok && want.PodAverage && !final(err) {
		// The selection is collected for somebody who does not need its Pod
		// average all the time, so the known one may be old.
		if entry, err = r.enrol(ctx, want); err == nil {
			answers, err = r.read(q.metric, sel, entry)
		}
	}
	return reply{selection: sel, answers: answers}, err
}

// selection is what the question is about.
func (r *reader) selection(q question) (utilization.Selection, error) {
	if q.namespace == "" {
		return utilization.Selection{}, &NamespaceError{Metric: q.metric}
	}
	sel, hpa, err := r.grammar.Parse(q.namespace, q.selector)
	if err != nil || hpa == "" {
		return sel, err
	}
	if sel.Workload, err = r.scales.ScaleTarget(q.namespace, hpa); err != nil && !passing(err) {
		err = &TargetError{Err: err}
	}
	return sel, err
}

// get looks the selection up in the newest snapshot. A snapshot that is too
// old is an error: the loop that would collect the selection is stuck.
func (r *reader) get(sel utilization.Selection) (entry Entry, ok bool, err error) {
	snapshot := r.collection.Snapshot()
	if snapshot == nil {
		return nil, false, nil
	}
	if err := snapshot.Stale(r.now()); err != nil {
		return nil, false, err
	}
	entry, ok = snapshot.Get(sel)
	return entry, ok, nil
}

// enrol has the selection collected and looks it up again.
func (r *reader) enrol(ctx context.Context, want utilization.Want) (Entry, error) {
	if err := r.collection.Enrol(ctx, want); err != nil {
		return nil, err
	}
	entry, ok, err := r.get(want.Selection)
	if err == nil && !ok {
		err = &utilization.PendingError{Workload: want.Selection.Workload, What: "it has not been collected yet; ask again in a few seconds"}
	}
	return entry, err
}

// read asks the entry for the metric.
func (r *reader) read(metric string, sel utilization.Selection, entry Entry) ([]Answer, error) {
	var one Answer
	var err error
	switch metric {
	case Container:
		return entry.Containers(r.scales.Scale(sel), r.now())
	case PodAverage:
		one, err = entry.PodAverage(r.now())
	default:
		one, err = entry.Max(r.scales.Scale(sel), r.now())
	}
	if err != nil {
		return nil, err
	}
	return []Answer{one}, nil
}

// passing says that the object is missing or not known yet, not that it is wrong.
func passing(err error) bool {
	var notFound *utilization.NotFoundError
	var pending *utilization.PendingError
	return errors.As(err, &notFound) || errors.As(err, &pending)
}

// final says that another collection would not help.
func final(err error) bool {
	var notFound *utilization.NotFoundError
	var notReady *utilization.NotReadyError
	var noContainer *utilization.NoContainerError
	return errors.As(err, &notFound) || errors.As(err, &notReady) || errors.As(err, &noContainer)
}
