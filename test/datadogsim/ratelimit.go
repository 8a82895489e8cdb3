package datadogsim

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// RateLimit is the budget of one endpoint for a whole organization.
type RateLimit struct {
	Name   string
	Limit  int // requests a period
	Period time.Duration
}

// limiter counts requests in fixed periods, as the service does.
type limiter struct {
	RateLimit
	ends time.Time // of the present period
	used int
}

// take uses one request of the budget, says whether it was there, and
// announces what is left.
func (l *limiter) take(now time.Time, header http.Header) bool {
	if !now.Before(l.ends) {
		l.ends, l.used = now.Add(l.Period), 0
	}
	allowed := l.used < l.Limit
	if allowed {
		l.used++
	}
	header.Set("X-RateLimit-Name", l.Name)
	header.Set("X-RateLimit-Limit", strconv.Itoa(l.Limit))
	header.Set("X-RateLimit-Period", strconv.Itoa(int(l.Period.Seconds())))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(l.Limit-l.used))
	// Rounded up: a client that waits for so many seconds must not be too early.
	header.Set("X-RateLimit-Reset", strconv.Itoa(int(math.Ceil(l.ends.Sub(now).Seconds()))))
	return allowed
}
