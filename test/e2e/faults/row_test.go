package faults

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
)

// What the adapter's configuration and its HPA say here.
const (
	interval = time.Second // of Datadog, also the interval of its retries
	timeout  = time.Second // of a call to it
	maxAge   = 10 * time.Second
	// slack is what a busy machine may add to any time.
	slack = 5 * time.Second
)

// storm is how many calls a fault has to meet so that attempts which do not
// back off would show.
const storm = 6

// consequence is what a fault does to the workloads that it strikes.
type consequence int

const (
	// nothingChanges: Datadog answers as before.
	nothingChanges consequence = iota
	// callsFail: metrics-server answers after the second failure in a row.
	callsFail
	// dataAge: calls succeed, and metrics-server answers when the last sample
	// is too old.
	dataAge
)

// reason is that of the change of source.
func (c consequence) reason() string {
	switch c {
	case callsFail:
		return "DatadogFailing"
	case dataAge:
		return "DatadogStale"
	default:
		return ""
	}
}

// row is one fault, and what it does.
type row struct {
	// One of these is what breaks: the simulator, the way to it, or the rate
	// limit that it announces.
	fault datadogsim.Fault
	way   wayState
	limit datadogsim.RateLimit

	then consequence
	// alone says that the workload cart is as it was: item is struck alone.
	alone bool
	// says is what the adapter's log says, which is what the Event says.
	says string
	// code is what the adapter counts at least one call as; any if empty.
	code string
	// calls is how many calls the fault has to meet before it ends, 3 if 0.
	calls int
}

// recognized is how long it may take until metrics-server answers.
func (r row) recognized() time.Duration {
	if r.then == dataAge {
		return maxAge + interval
	}
	// A collection has just begun; the next two fail, each after its timeout.
	// A 429 forbids the second one until its reset, and meanwhile the sample ages.
	return interval + timeout + max(interval, min(r.reset(), maxAge)) + timeout
}

// recovered is how long it may take until Datadog answers again: one attempt
// is due in two intervals, or after the reset, and a second one after it. In
// the worst case a bucket has no new one yet.
func (r row) recovered() time.Duration {
	// The 429 announces one call in so long, to which the interval stretches.
	stretched := max(interval, min(r.reset(), maxAge/3))
	return max(2*stretched, r.reset(), r.backOff()) + stretched + 2*interval
}

// reset is when a 429 says to come back.
func (r row) reset() time.Duration {
	if r.fault.Code != 429 {
		return 0
	}
	return r.fault.Delay
}

// backOff is how long a 429 that does not say when forbids the next call: one
// interval, then two, four, eight for the fourth.
func (r row) backOff() time.Duration {
	if r.fault.Code != 429 || r.fault.Delay > 0 {
		return 0
	}
	return 8 * interval
}

// allowed is how many calls may be made while the fault lasts so long, if one
// is on its way when it begins.
func (r row) allowed(lasted time.Duration) int {
	const onItsWay = 1
	switch {
	case r.limit.Limit > 0:
		return onItsWay + (r.limit.Limit-r.limit.Limit/10)*int(lasted/r.limit.Period+1)
	case r.reset() > 0:
		return onItsWay + 1 + int(lasted/r.reset())
	case r.then == callsFail:
		// At once, after the interval of retries, and then once in two intervals.
		return onItsWay + 2 + int(max(lasted-interval, 0)/(2*interval))
	default:
		return onItsWay + 1 + int(lasted/interval)
	}
}

// strike begins the fault.
func (h *theatre) strike(t *testing.T, r row) {
	t.Helper()
	t.Cleanup(func() { h.heal(t, r) })
	switch {
	case r.fault.Kind != "":
		h.Strike(t, r.fault)
	case r.way != open:
		h.setWay(t, r.way)
	case r.limit.Limit > 0:
		h.Datadog.SetRateLimit(r.limit)
	default:
		t.Fatal("the row has no fault")
	}
}

// heal ends it.
func (h *theatre) heal(t *testing.T, r row) {
	t.Helper()
	h.Heal(t)
	h.setWay(t, open)
	if r.limit.Limit > 0 {
		h.Datadog.SetRateLimit(limit)
	}
}

func (h *theatre) setWay(t *testing.T, state wayState) {
	t.Helper()
	if h.way == nil {
		return
	}
	if current, _, _ := h.way.now(); current == state {
		return
	}
	if err := h.way.set(state); err != nil {
		t.Fatal(err)
	}
}
