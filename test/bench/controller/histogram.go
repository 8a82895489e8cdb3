package controller

import (
	"time"

	"github.com/prometheus/prometheus/promql"
)

// histogram is durations in seconds, as Prometheus counts them.
type histogram struct {
	count, sum float64
	// upTo is how many are at most so long, by the upper bounds of the buckets, of which the last is +Inf.
	upTo map[float64]float64
}

// minus is what has been counted since an earlier reading.
func (h histogram) minus(earlier histogram) histogram {
	since := histogram{count: h.count - earlier.count, sum: h.sum - earlier.sum, upTo: map[float64]float64{}}
	for bound, n := range h.upTo {
		since.upTo[bound] = n - earlier.upTo[bound]
	}
	return since
}

// plus is both together.
func (h histogram) plus(other histogram) histogram {
	both := histogram{count: h.count + other.count, sum: h.sum + other.sum, upTo: map[float64]float64{}}
	for _, one := range []histogram{h, other} {
		for bound, n := range one.upTo {
			both.upTo[bound] += n
		}
	}
	return both
}

// mean is that of all; 0 of none.
func (h histogram) mean() time.Duration {
	if h.count == 0 {
		return 0
	}
	return fromSeconds(h.sum / h.count)
}

// quantile is what the share q of all does not exceed, drawn as a line through its bucket, as histogram_quantile of
// PromQL does; 0 of none.
func (h histogram) quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	buckets := make(promql.Buckets, 0, len(h.upTo))
	for bound, n := range h.upTo {
		buckets = append(buckets, promql.Bucket{UpperBound: bound, Count: n})
	}
	value, _, _, _, _, _ := promql.BucketQuantile(q, buckets)
	return fromSeconds(value)
}

func fromSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
