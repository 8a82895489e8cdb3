package datadogsim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Request is one request that the simulator has seen.
type Request struct {
	Time   time.Time
	Took   time.Duration
	Status int // 0 if the connection was cut or the client left
	// Client is the address and port of who asked: another one, another connection.
	Client string
	// Queries are the texts of the metric queries; none if they could not be
	// read.
	Queries []string
	// From and To are the range that was asked for.
	From, To time.Time
	// BodyBytes is the size of what was asked, AnswerBytes of what was answered.
	BodyBytes, AnswerBytes int
	// Series counts the rows of the answer.
	Series int
	// Faults are those that struck this request.
	Faults []FaultKind
	// Limit, Remaining and Reset are what the answer announced of the rate
	// limit; Limit is 0 where it announced nothing.
	Limit, Remaining int
	Reset            time.Duration
}

// announce keeps what the headers of the answer say of the rate limit.
func (r *Request) announce(header http.Header) {
	// A header that is missing is no number, and so 0.
	r.Limit, _ = strconv.Atoi(header.Get("X-RateLimit-Limit"))
	r.Remaining, _ = strconv.Atoi(header.Get("X-RateLimit-Remaining"))
	seconds, _ := strconv.Atoi(header.Get("X-RateLimit-Reset"))
	r.Reset = time.Duration(seconds) * time.Second
}

// logged is how many requests are remembered.
const logged = 10_000

// requestLog keeps the newest requests and wakes whoever waits for one.
type requestLog struct {
	requests []Request
	total    int
	news     chan struct{} // closed at the next request
}

func newRequestLog() requestLog { return requestLog{news: make(chan struct{})} }

func (l *requestLog) add(r Request) {
	if len(l.requests) == logged {
		l.requests = slices.Delete(l.requests, 0, logged/10)
	}
	l.requests = append(l.requests, r)
	l.total++
	close(l.news)
	l.news = make(chan struct{})
}

// Requests lists the requests that are finished, oldest first; at most the
// newest 10,000.
func (s *Sim) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log.requests)
}

// Total counts the requests that are finished.
func (s *Sim) Total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.total
}

// WaitFor waits until n requests that began at or after since and satisfy the
// predicate (all do, if it is nil) are finished.
func (s *Sim) WaitFor(ctx context.Context, since time.Time, n int, which func(Request) bool) error {
	for {
		s.mu.Lock()
		found := 0
		for _, r := range s.log.requests {
			if !r.Time.Before(since) && (which == nil || which(r)) {
				found++
			}
		}
		news := s.log.news
		s.mu.Unlock()
		if found >= n {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("datadogsim: %d of %d requests arrived: %w", found, n, context.Cause(ctx))
		}
	}
}
