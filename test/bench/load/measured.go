package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The latencies that a histogram tells apart, in nanoseconds, and to how many digits.
const (
	shortest = int64(time.Microsecond)
	longest  = int64(2 * answerTimeout)
	digits   = 3
)

// Measured is what came of a load, or of several that were added up.
type Measured struct {
	// Answers is how many there were, all of them right, and Length how long they took in all.
	Answers int
	Length  time.Duration
	latency *hdrhistogram.Histogram
}

// Add adds what came of another load.
func (m *Measured) Add(other Measured) {
	m.Answers += other.Answers
	m.Length += other.Length
	if other.latency == nil {
		return
	}
	if m.latency == nil {
		m.latency = newHistogram()
	}
	m.latency.Merge(other.latency)
}

// Quantile is the latency that this percent of the answers did not exceed, to three digits; 0 without answers.
func (m Measured) Quantile(percent float64) time.Duration {
	if m.latency == nil {
		return 0
	}
	return time.Duration(m.latency.ValueAtQuantile(percent))
}

// Rate is the answers a second.
func (m Measured) Rate() float64 {
	if m.Length <= 0 {
		return 0
	}
	return float64(m.Answers) / m.Length.Seconds()
}

// note takes one latency in. The histogram cannot refuse it: a question is given up before.
func (m *Measured) note(latency time.Duration) {
	if m.latency == nil {
		m.latency = newHistogram()
	}
	m.Answers++
	_ = m.latency.RecordValue(min(max(int64(latency), shortest), longest))
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, digits) }
