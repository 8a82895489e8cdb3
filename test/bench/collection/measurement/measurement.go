// Package measurement is what a process that makes one collection is told, and what it tells of it.
package measurement

import (
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// The ways to make a collection.
const (
	// Crest is by the product's client, Plain by net/http and encoding/json alone.
	Crest = "crest"
	Plain = "plain"
)

// AtOnce is how many questions of a plain collection are on their way at once: as many as of Crest's.
const AtOnce = 3

// Task is one collection.
type Task struct {
	How string
	// URL is where Datadog is, Now when the collection is made.
	URL string
	Now time.Time
	// GCPercent is GOGC. With a small one hardly anything is resident but what is in use.
	GCPercent int
	// WarmUp is what is collected before anything is measured, Workloads what is then.
	WarmUp, Workloads []utilization.Workload
	// Questions are the bodies of the requests, for a plain collection: that of the warm-up, then the others.
	Questions []string
}

// Measurement is what one collection has cost.
type Measurement struct {
	// Series are those that were in the answers, for a plain collection; Containers those that have usage, for Crest's.
	Series, Containers int
	// CPU is user and system time, Wall what passed meanwhile.
	CPU, Wall time.Duration
	// Peak is the most resident memory beyond that of before, Allocated all that was ever allocated, and Kept what the
	// result takes, all in bytes.
	Peak, Allocated, Kept int64
}
