package utilization

import (
	"fmt"
	"time"
)

// Coverage: how many of the Pods that have a container reported in a bucket.
const (
	// whole is the share from which a bucket is complete.
	whole = 0.9
	// half is the least share that can stand for all.
	half = 0.5
	// doubled is the share above which the Pods must be those of two
	// clusters of one name.
	doubled = 1.5
	// patience is by how many buckets a complete one may be older than one
	// that half of the Pods reported to, and still be preferred: late hosts
	// complete a bucket within that time, broken ones never do.
	patience = 2
)

// Expected says how many Pods a bucket should have heard of.
type Expected struct {
	// Pods are all Pods of the workload now.
	Pods []Pod
	// Most is the largest number of Running Pods from the bucket's begin
	// until now; Pods that are gone have reported while they were there.
	Most func(Span) int
}

// reporters is how many Pods must have reported the container in a bucket:
// those that have it and ran when the bucket began. Where all are younger, all
// that have it.
func (e Expected) reporters(container string, bucket Span) int {
	old, all := 0, 0
	for i := range e.Pods {
		p := &e.Pods[i]
		if !p.Running || p.Deleting || !has(p, container) {
			continue
		}
		all++
		if !p.Started.After(bucket.Begin) {
			old++
		}
	}
	if old == 0 {
		return all
	}
	return old
}

// exceeded is an error when many more Pods reported than there are. It looks at
// the newest bucket that has ended and at those that late hosts may still
// complete: half of the Pods of two clusters look like all of one.
func (e Expected) exceeded(container string, buckets []Usage, now time.Time) error {
	var newest *Usage
	for i := len(buckets) - 1; i >= 0; i-- {
		b := &buckets[i]
		switch {
		case b.End.After(now):
			continue
		case newest == nil:
			newest = b
		case b.End.Before(newest.End.Add(-patience * newest.Window())):
			return nil
		}
		if most := max(e.Most(*b.Span), e.reporters(container, *b.Span)); float64(b.Pods) > doubled*float64(most) {
			return &CoverageError{container, b.Pods, most, *b.Span}
		}
	}
	return nil
}

// CoverageError says that no bucket of a container can stand for its Pods.
type CoverageError struct {
	Container string
	// Reported and Expected are Pods, in the newest bucket that was looked at.
	Reported, Expected int
	// Bucket is that bucket.
	Bucket Span
}

// TooMany says that more Pods reported than there are, so that what any
// container of the workload reads is in doubt; else it is too few, of this one.
func (e *CoverageError) TooMany() bool { return e.Reported > e.Expected }

func (e *CoverageError) Error() string {
	if e.TooMany() {
		return fmt.Sprintf("%d Pods reported container %s in the bucket that ended at %s, and there were at most %d: "+
			"do two clusters have one name?", e.Reported, e.Container, e.Bucket.End.UTC().Format(time.RFC3339), e.Expected)
	}
	return fmt.Sprintf("%d of %d Pods reported container %s in the bucket that ended at %s, too few: "+
		"are agents down on some nodes?", e.Reported, e.Expected, e.Container, e.Bucket.End.UTC().Format(time.RFC3339))
}

// PickBucket picks the bucket of a container that counts, of buckets sorted
// from old to new: the newest one that has ended and to which nine tenths of
// its Pods reported; else, or when that one is more than two buckets older,
// the newest that ended at least one window ago and to which half of them did.
// Without one, or with more Pods than there are in it or in one of the two
// before the newest, the error is a *CoverageError; with no bucket that has
// ended, ok is false.
func PickBucket(container string, buckets []Usage, expected Expected, now time.Time) (u Usage, ok bool, err error) {
	if err := expected.exceeded(container, buckets, now); err != nil {
		return Usage{}, true, err
	}
	var partial *Usage
	var failed *CoverageError
	for i := len(buckets) - 1; i >= 0; i-- {
		b := &buckets[i]
		if b.End.After(now) {
			continue
		}
		if partial != nil && b.End.Before(partial.End.Add(-patience*partial.Window())) {
			break
		}
		pods := expected.reporters(container, *b.Span)
		share := float64(b.Pods) / float64(max(pods, 1))
		if share >= whole {
			return *b, true, nil
		}
		if partial == nil && share >= half && !b.End.After(now.Add(-b.Window())) {
			partial = b
		}
		if failed == nil {
			failed = &CoverageError{container, b.Pods, pods, *b.Span}
		}
	}
	switch {
	case partial != nil:
		return *partial, true, nil
	case failed != nil:
		return Usage{}, true, failed
	}
	return Usage{}, false, nil
}
