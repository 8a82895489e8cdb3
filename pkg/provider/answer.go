package provider

import (
	"context"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// Collection is what has been measured, and how to have more measured.
type Collection interface {
	// Snapshot is the newest one; nil before the first.
	Snapshot() Snapshot
	// Enrol has a selection collected that is not in the snapshot, and
	// waits a few seconds for it. The error may be a *BusyError.
	Enrol(ctx context.Context, want utilization.Want) error
}

// Snapshot is all that was known at one moment. It does not change.
type Snapshot interface {
	// Get is the entry of a selection, if somebody wants it.
	Get(sel utilization.Selection) (Entry, bool)
	// Stale is an error for a person when the snapshot is so old that the
	// loop that makes them must be stuck.
	Stale(now time.Time) error
}

// Entry is what is known of one selection. Scale is what is true of its
// workload at the moment of the read.
type Entry interface {
	// Max is the hottest container.
	Max(scale utilization.Scale, now time.Time) (Answer, error)
	// Containers is each container, sorted by name.
	Containers(scale utilization.Scale, now time.Time) ([]Answer, error)
	// PodAverage is the plain Pod average from metrics-server.
	PodAverage(now time.Time) (Answer, error)
}

// Scales knows what is true of workloads at this moment.
type Scales interface {
	// Scale is what Guard must know of a selection.
	Scale(sel utilization.Selection) utilization.Scale
	// ScaleTarget is the workload of an HPA's scaleTargetRef.
	ScaleTarget(namespace, hpa string) (utilization.Workload, error)
}

// Answer is one value with where it comes from.
type Answer struct {
	// Value is what is served, Measured what it was before it was adjusted.
	Value, Measured utilization.Percent
	// Span is when the data were measured.
	Span utilization.Span
	// Source is who measured it.
	Source fallback.Source
	// Container is whose value it is; empty on a Pod average.
	Container string
	// Calibrated and Rebased say how it was adjusted; Held, if not empty,
	// that it is the target and why.
	Calibrated, Rebased bool
	Held                utilization.HoldReason
}

// BusyError says that a selection that is new cannot be collected at once, and
// when it will be.
type BusyError struct{ Err error }

func (e *BusyError) Error() string { return e.Err.Error() }

// Unwrap is what the collection said.
func (e *BusyError) Unwrap() error { return e.Err }

// TargetError says that an HPA's scaleTargetRef cannot be answered for.
type TargetError struct{ Err error }

func (e *TargetError) Error() string { return e.Err.Error() }

// Unwrap is what the inventory said.
func (e *TargetError) Unwrap() error { return e.Err }
