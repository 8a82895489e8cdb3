package datadogsim

import (
	"cmp"
	"math"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim/query"
)

// grid is a row of buckets: the i-th begins at first + i·width. Buckets are
// aligned to the clock, so two requests at different moments share them; the
// first one may begin before the range that was asked for.
type grid struct {
	first time.Time
	width time.Duration
	n     int
}

// mostBuckets is how many the service returns for a series; a request for more
// gets wider ones.
const mostBuckets = 1500

// defaultWidth is the width where neither the query nor the request names one.
const defaultWidth = 20 * time.Second

func newGrid(r request, q query.Query) grid {
	width := max(cmp.Or(q.Rollup.Every, r.interval, defaultWidth), time.Second).Truncate(time.Second)
	for span := r.to.Sub(r.from); span/width > mostBuckets; {
		width *= 2
	}
	first := time.UnixMilli(floor(r.from.UnixMilli(), width.Milliseconds()))
	n := (r.to.Sub(first) + width - 1) / width
	return grid{first: first, width: width, n: int(n)}
}

func floor(n, step int64) int64 { return n - (n%step+step)%step }

func (g grid) start(i int) time.Time { return g.first.Add(time.Duration(i) * g.width) }

// bucket aggregates numbers.
type bucket struct {
	sum, min, max float64
	n             int
}

func (b *bucket) add(v float64) {
	if b.n == 0 {
		b.min, b.max = v, v
	}
	b.sum, b.min, b.max, b.n = b.sum+v, min(b.min, v), max(b.max, v), b.n+1
}

// value is the aggregate; NaN of nothing.
func (b *bucket) value(a query.Aggregator) float64 {
	if b.n == 0 {
		return math.NaN()
	}
	switch a {
	case query.Sum:
		return b.sum
	case query.Min:
		return b.min
	case query.Max:
		return b.max
	case query.Avg:
	}
	return b.sum / float64(b.n)
}

// rollup aggregates the points of one source over time: one value a bucket,
// NaN where there is none; nil if there is none at all.
func (g grid) rollup(w window, s *source, m metric, method query.Aggregator) []float64 {
	w.from = g.first
	var buckets []bucket
	w.points(s, m, func(at time.Time, value float64) {
		if buckets == nil {
			buckets = make([]bucket, g.n)
		}
		buckets[at.Sub(g.first)/g.width].add(value)
	})
	if buckets == nil {
		return nil
	}
	values := make([]float64, g.n)
	for i := range buckets {
		values[i] = buckets[i].value(cmp.Or(method, query.Avg))
	}
	return values
}

// defaultFillLimit is the widest gap that is filled unless a query says so.
const defaultFillLimit = 5 * time.Minute

// fill puts values where a source has none. Gaps at the ends stay, but for
// "last" and "zero": there is nothing to interpolate with.
func (g grid) fill(values []float64, q query.Query) {
	limit := int(cmp.Or(q.FillLimit, defaultFillLimit) / g.width)
	last := -1 // the newest bucket with a value
	for i, v := range values {
		switch {
		case !math.IsNaN(v):
			if gap := i - last; last >= 0 && gap > 1 && gap <= limit && (q.Fill == query.FillDefault || q.Fill == query.FillLinear) {
				interpolate(values[last : i+1])
			}
			last = i
		case q.Fill == query.FillZero:
			values[i] = 0
		case q.Fill == query.FillLast && last >= 0 && i-last <= limit:
			values[i] = values[last]
		}
	}
}

// interpolate draws a line from the first value to the last.
func interpolate(values []float64) {
	end := len(values) - 1
	for i := 1; i < end; i++ {
		values[i] = values[0] + (values[end]-values[0])*float64(i)/float64(end)
	}
}
