package datadog

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// window is what Datadog has announced of a rate limit:
// https://docs.datadoghq.com/api/latest/rate-limits/. It is a value; its zero
// says that nothing is known, and then nothing is forbidden.
type window struct {
	name string
	// limit calls are allowed in each period; remaining of them are left
	// until resetAt.
	limit, remaining int
	period           time.Duration
	resetAt          time.Time
}

func (w window) known() bool { return w.limit > 0 }

// announced is the window that the headers of an answer tell of, if they do.
func announced(header http.Header, now time.Time) (window, bool) {
	limit, okLimit := count(header, "X-RateLimit-Limit")
	remaining, okRemaining := count(header, "X-RateLimit-Remaining")
	reset, okReset := seconds(header, "X-RateLimit-Reset")
	period, okPeriod := seconds(header, "X-RateLimit-Period")
	if !okReset {
		reset = period
	}
	if !okLimit || !okRemaining || limit == 0 || !okReset && !okPeriod {
		return window{}, false
	}
	name := quote(header.Get("X-RateLimit-Name"))
	if name == "" {
		name = "unnamed"
	}
	return window{name: name, limit: limit, remaining: remaining, period: period, resetAt: now.Add(reset)}, true
}

func count(header http.Header, name string) (int, bool) {
	n, err := strconv.Atoi(header.Get(name))
	return n, err == nil && n >= 0 && n <= math.MaxInt32
}

// seconds is a header that counts them; a day is the most that is believed.
func seconds(header http.Header, name string) (time.Duration, bool) {
	const most = 24 * 60 * 60
	n, err := strconv.ParseFloat(header.Get(name), 64)
	if err != nil || math.IsNaN(n) || n < 0 {
		return 0, false
	}
	return time.Duration(math.Ceil(min(n, most))) * time.Second, true
}

// at is the window as it is now: once it has reset, a new one, whole.
func (w window) at(now time.Time) window {
	if !w.known() || now.Before(w.resetAt) {
		return w
	}
	if w.period <= 0 {
		return window{name: w.name}
	}
	w.remaining, w.resetAt = w.limit, now.Add(w.period)
	return w
}

// merge takes a newer announcement. Answers to calls that were made side by
// side arrive in any order; within one period the least that remains is true.
// What remained of another limit says nothing of the new one.
func (w window) merge(newer window) window {
	// A Reset in whole seconds makes one moment look like two.
	const sameMoment = 2 * time.Second
	if w.name == newer.name && w.limit == newer.limit && newer.resetAt.Sub(w.resetAt).Abs() <= sameMoment {
		newer.remaining = min(newer.remaining, w.remaining)
	}
	return newer
}

// reserve is the last tenth, which is left to others who use the same keys.
func (w window) reserve() int { return w.limit / 10 }

// usable is how many calls may still be made in this window.
func (w window) usable() int { return max(w.remaining-w.reserve(), 0) }

// pace is the interval at which collections of this many calls last until the
// window resets, and the earliest moment for the next one (zero: at once).
func (w window) pace(calls int, now time.Time) (interval time.Duration, notBefore time.Time) {
	if !w.known() {
		return 0, time.Time{}
	}
	// Where even a whole window is too small for a collection, some batches
	// will fail; the others must not wait for a window that never comes.
	calls = min(max(calls, 1), max(w.limit-w.reserve(), 1))
	collections := w.usable() / calls
	if collections == 0 {
		return 0, w.resetAt
	}
	return w.resetAt.Sub(now) / time.Duration(collections), time.Time{}
}
