package datadog

import (
	"fmt"
	"slices"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// bucket is one column of an answer: the span that it covers, and its index in
// each row of values.
type bucket struct {
	*utilization.Span
	index int
}

// earliestMilli and latestMilli are in the years 1973 and 5138. A time outside
// of them is in another unit than milliseconds.
const (
	earliestMilli = 100_000_000_000
	latestMilli   = 1_000 * earliestMilli
)

// fewestTimes is how many times tell how wide the buckets of an answer are.
const fewestTimes = 3

// checkTimes says whether times can be the beginnings of buckets of the width
// step. The service may answer in wider ones than were asked for, and then no
// end of a bucket would be where it seems to be.
func checkTimes(times []int64, step time.Duration) error {
	sorted := slices.Sorted(slices.Values(times))
	var width int64
	for i, t := range sorted {
		if t < earliestMilli || t > latestMilli {
			return undecodable("the time %d is not in milliseconds since 1970", t)
		}
		if i == 0 {
			continue
		}
		gap := t - sorted[i-1]
		if gap == 0 {
			return undecodable("the time %d is there twice", t)
		}
		width = commonDivisor(width, gap)
	}
	// Buckets are aligned to the epoch. Data with gaps in them do not pass
	// for wider buckets unless all of the gaps happen to be aligned too, as
	// the one gap between two times often is. Wide buckets that are taken for
	// narrow ones do no harm: they end later than they seem to.
	if asked := step.Milliseconds(); len(sorted) >= fewestTimes && width >= 2*asked && width%asked == 0 && sorted[0]%width == 0 {
		wide := time.Duration(width) * time.Millisecond
		return &Error{Code: CodeInterval, Text: fmt.Sprintf("Datadog answered in buckets of %s instead of %s: it raised the interval, or the metric "+
			"is not reported that often; set datadog.interval to %s", wide, step, wide)}
	}
	return nil
}

func commonDivisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// grid is the columns that begin at From or later and end by To, oldest first.
func (q Query) grid(times []int64) ([]bucket, error) {
	from, to, step := q.From.UnixMilli(), q.To.UnixMilli(), q.scope.Step.Milliseconds()
	var buckets []bucket
	for i, t := range times {
		if t < from || t > to-step {
			continue
		}
		if t%step != 0 {
			return nil, undecodable("the time %d does not begin a bucket of %s", t, q.scope.Step)
		}
		begin := time.UnixMilli(t).UTC()
		buckets = append(buckets, bucket{Span: &utilization.Span{Begin: begin, End: begin.Add(q.scope.Step)}, index: i})
	}
	slices.SortFunc(buckets, func(a, b bucket) int { return a.Begin.Compare(b.Begin) })
	return buckets, nil
}
