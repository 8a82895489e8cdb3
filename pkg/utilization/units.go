package utilization

import "time"

// Nanocores is an amount of CPU: 1e9 are one core, 1e6 one millicore.
// Datadog's kubernetes.cpu.usage.total and metrics-server's PodMetrics both
// give usage in it.
type Nanocores int64

// FromMillicores converts millicores, the usual unit of a CPU request, to
// Nanocores.
func FromMillicores(m int64) Nanocores { return Nanocores(m * 1_000_000) }

// Percent is CPU usage in percent of the CPU request: 100 is all that was
// asked for, and there is no upper end.
type Percent float64

// PercentOf is 100·usage/request. It is 0 for a request of 0, which callers
// have ruled out: a container without a request is left out.
func PercentOf(usage, request Nanocores) Percent {
	if request == 0 {
		return 0
	}
	return Percent(100 * float64(usage) / float64(request))
}

// FromMilli converts thousandths of a percent, in which an HPA's target and an
// external metric's value travel, to Percent.
func FromMilli(m int64) Percent { return Percent(float64(m) / 1000) }

// Milli converts to thousandths of a percent, rounded to the nearest.
func (p Percent) Milli() int64 {
	if p < 0 {
		return -int64(-p*1000 + 0.5)
	}
	return int64(p*1000 + 0.5)
}

// Span is the time that a measurement covers; Begin is before End.
type Span struct {
	Begin, End time.Time
}

// Window is the length of the span.
func (s Span) Window() time.Duration { return s.End.Sub(s.Begin) }

// Age is how long before now the span ended.
func (s Span) Age(now time.Time) time.Duration { return now.Sub(s.End) }
