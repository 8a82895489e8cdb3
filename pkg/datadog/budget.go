package datadog

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
)

// longestBackOff bounds the wait after a 429 that does not say how long.
const longestBackOff = 5 * time.Minute

// budget keeps calls inside the rate limit that Datadog announces.
type budget struct {
	// interval is the wanted one, longest the one it may be stretched to.
	interval, longest time.Duration
	metrics           *metrics
	log               logr.Logger

	mu     sync.Mutex
	window window
	// plans are the latest collections, without those that a later one was
	// as large as: the first is the largest.
	plans []plan
	// refusals counts the rounds of 429 in a row; blockedUntil is when the
	// last one is over.
	refusals     int
	blockedUntil time.Time
	stretched    bool
}

func newBudget(interval, maxAge time.Duration, m *metrics, log logr.Logger) *budget {
	// Three samples within maxAge: one may be lost, and one is on its way.
	return &budget{interval: interval, longest: max(interval, maxAge/3), metrics: m, log: log}
}

// plan is a collection: when it began, and how many calls it needed.
type plan struct {
	at    time.Time
	calls int
}

// plan says how many calls the collection that begins now needs. Between two
// collections of everything there are small ones, for a retry or for somebody
// who asks for the first time; the budget has to do for the large ones, which
// come at least once in the longest interval.
func (b *budget) plan(calls int, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plans = append(slices.DeleteFunc(b.plans, func(p plan) bool {
		return p.calls <= calls || now.Sub(p.at) > 2*b.longest
	}), plan{now, calls})
}

// calls is how many the largest of the latest collections needed.
func (b *budget) calls() int {
	if len(b.plans) == 0 {
		return 1
	}
	return b.plans[0].calls
}

// admit takes one call out of the budget, or says why it must not be made.
func (b *budget) admit(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.blockedUntil) {
		return &Error{Code: CodeBudget, Text: fmt.Sprintf("Datadog refused calls as too many (429); the next one is due in %s", inSeconds(b.blockedUntil.Sub(now)))}
	}
	b.window = b.window.at(now)
	w := b.window
	if !w.known() {
		return nil
	}
	if w.usable() == 0 {
		return &Error{Code: CodeBudget, Text: fmt.Sprintf("of the %d calls that Datadog's rate limit %q allows %d are left, which Crest leaves to others; "+
			"it asks again in %s; raise datadog.interval, or ask Datadog for a higher limit", w.limit, w.name, w.remaining, inSeconds(w.resetAt.Sub(now)))}
	}
	b.window.remaining--
	return nil
}

// see learns from the headers of an answer, whatever its status.
func (b *budget) see(status int, header http.Header, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w, ok := announced(header, now); ok {
		if w.name != b.window.name {
			b.forgetName()
		}
		b.window = b.window.merge(w)
		b.publish(now)
	}
	if status != http.StatusTooManyRequests {
		b.refusals = 0
		return
	}
	if now.Before(b.blockedUntil) {
		return
	}
	wait, ok := seconds(header, "X-RateLimit-Reset")
	if !ok {
		wait = min(b.interval<<min(b.refusals, 10), longestBackOff)
	}
	b.refusals++
	b.blockedUntil = now.Add(max(wait, time.Second))
}

// forgetName drops the series of a rate limit that is not ours any more.
func (b *budget) forgetName() {
	b.metrics.remaining.Reset()
	b.metrics.limit.Reset()
	b.metrics.reset.Reset()
}

func (b *budget) publish(now time.Time) {
	w := b.window
	b.metrics.remaining.WithLabelValues(w.name).Set(float64(w.remaining))
	b.metrics.limit.WithLabelValues(w.name).Set(float64(w.limit))
	b.metrics.reset.WithLabelValues(w.name).Set(w.resetAt.Sub(now).Seconds())
}

// pace is how often a collection may be made, and not before when.
func (b *budget) pace(now time.Time) (interval time.Duration, notBefore time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	demanded, notBefore := b.window.at(now).pace(b.calls(), now)
	if b.blockedUntil.After(now) && b.blockedUntil.After(notBefore) {
		notBefore = b.blockedUntil
	}
	return max(b.interval, min(demanded, b.longest)), notBefore
}

// report logs, at the end of a collection, when the interval begins or ceases
// to be longer than it was configured.
func (b *budget) report(now time.Time) {
	interval, _ := b.pace(now)
	b.mu.Lock()
	defer b.mu.Unlock()
	stretched := interval > b.interval
	if stretched == b.stretched {
		return
	}
	b.stretched = stretched
	if stretched {
		b.log.Info("Datadog's rate limit is too low for the interval; asking less often", "configured", b.interval.String(), "interval", interval.String(),
			"limit", b.window.limit, "period", b.window.period.String(), "name", b.window.name, "callsOfACollection", b.calls())
	} else {
		b.log.Info("Datadog's rate limit allows the interval again", "configured", b.interval.String())
	}
}

// inSeconds is a wait for a person, rounded up.
func inSeconds(wait time.Duration) string {
	return (wait + time.Second - 1).Truncate(time.Second).String()
}
