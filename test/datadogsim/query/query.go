package query

import (
	"strconv"
	"strings"
	"time"
)

// Aggregator says how several numbers become one.
type Aggregator string

// The aggregators of Datadog, both across series and over time.
const (
	Avg Aggregator = "avg"
	Sum Aggregator = "sum"
	Min Aggregator = "min"
	Max Aggregator = "max"
)

// Fill says what stands where a series has no value.
type Fill string

// The fills of Datadog. The zero value is what a query without .fill() gets:
// a gauge is interpolated linearly over gaps of at most five minutes.
const (
	FillDefault Fill = ""
	FillNull    Fill = "null"
	FillZero    Fill = "zero"
	FillLast    Fill = "last"
	FillLinear  Fill = "linear"
)

// Rollup is the aggregation of one source series over time.
type Rollup struct {
	Method Aggregator
	// Every is the width of a bucket; 0 leaves it to the request.
	Every time.Duration
}

// Query is a parsed metric query.
type Query struct {
	Aggregator Aggregator
	Metric     string
	// Filter picks the series; nil means all of them ("*").
	Filter Filter
	// By names the tags to group by, in the order of the text.
	By     []string
	Rollup Rollup
	Fill   Fill
	// FillLimit is the widest gap to fill; 0 means the service's default.
	FillLimit time.Duration
}

// String renders the query in a canonical form that [Parse] reads back into
// an equal value.
func (q Query) String() string {
	var b strings.Builder
	b.WriteString(string(q.Aggregator) + ":" + q.Metric + "{")
	if q.Filter == nil {
		b.WriteString("*")
	} else {
		b.WriteString(q.Filter.String())
	}
	b.WriteString("}")
	if len(q.By) > 0 {
		b.WriteString(" by {" + strings.Join(q.By, ",") + "}")
	}
	if q.Rollup != (Rollup{}) {
		b.WriteString(".rollup(" + string(q.Rollup.Method))
		if q.Rollup.Every > 0 {
			b.WriteString("," + seconds(q.Rollup.Every))
		}
		b.WriteString(")")
	}
	if q.Fill != FillDefault {
		b.WriteString(".fill(" + string(q.Fill))
		if q.FillLimit > 0 {
			b.WriteString("," + seconds(q.FillLimit))
		}
		b.WriteString(")")
	}
	return b.String()
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(d/time.Second), 10)
}
