package load

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// answerTimeout is when a question is given up.
const answerTimeout = 15 * time.Second

// Server is who is asked, and as whom.
type Server struct {
	// URL is that of the server without a path.
	URL string
	TLS *tls.Config
	// Header is sent with each question.
	Header http.Header
}

// Clients ask a server. Each has a connection of its own and asks one question at a time.
type Clients struct {
	server Server
	http   []*http.Client
	asked  int // in all loads so far
}

// NewClients makes so many clients. They connect with their first question, and again where a connection ends.
func NewClients(server Server, number int) *Clients {
	c := &Clients{server: server}
	for range number {
		c.http = append(c.http, &http.Client{
			Timeout:   answerTimeout,
			Transport: &http.Transport{TLSClientConfig: server.TLS.Clone(), ForceAttemptHTTP2: true},
		})
	}
	return c
}

// Close closes the connections.
func (c *Clients) Close() {
	for _, each := range c.http {
		each.CloseIdleConnections()
	}
}

// Run puts the load on the server. The first answer that is not right ends it with an error. One load runs at a time.
func (c *Clients) Run(ctx context.Context, p Plan) (Measured, error) {
	if err := p.validate(); err != nil {
		return Measured{}, err
	}
	group, ctx := errgroup.WithContext(ctx)
	each := make([]Measured, len(c.http))
	begun := time.Now()
	for i := range c.http {
		group.Go(func() error { return c.client(ctx, p, begun, i, &each[i]) })
	}
	err := group.Wait()
	var all Measured
	for _, m := range each {
		all.Add(m)
	}
	all.Length = time.Since(begun)
	c.asked += all.Answers
	return all, err
}

// client asks until the plan ends.
func (c *Clients) client(ctx context.Context, p Plan, begun time.Time, number int, m *Measured) error {
	var body bytes.Buffer
	for nth := range p.share(number, len(c.http)) {
		asked, err := await(ctx, begun.Add(min(p.due(number, len(c.http), nth), p.Length)))
		if err != nil || time.Since(begun) >= p.Length {
			return err
		}
		if p.Rate == 0 {
			asked = time.Now()
		}
		answer, err := c.ask(ctx, number, p, p.path(c.asked, number, len(c.http), nth), &body)
		if err != nil {
			return err
		}
		took := time.Since(asked)
		if err := p.Check(answer); err != nil {
			return fmt.Errorf("GET %s%s: %w", c.server.URL, answer.Path, err)
		}
		m.note(took)
	}
	return nil
}

// await waits until a question is due, and is the moment from which its latency counts: now, or when it was due where
// the client was still busy with the one before.
func await(ctx context.Context, due time.Time) (time.Time, error) {
	wait := time.Until(due)
	if wait <= 0 {
		return due, ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return due, ctx.Err()
	case <-timer.C:
		return time.Now(), nil
	}
}

// ask asks one question and reads the answer into body.
func (c *Clients) ask(ctx context.Context, number int, p Plan, path string, body *bytes.Buffer) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.URL+path, nil)
	if err != nil {
		return Answer{}, fmt.Errorf("asking for %s: %w", path, err)
	}
	request.Header = c.server.Header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	request.Header.Set("Accept", p.Accept)
	response, err := c.http[number].Do(request)
	if err != nil {
		return Answer{}, err
	}
	body.Reset()
	_, err = body.ReadFrom(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return Answer{}, fmt.Errorf("reading the answer to %s: %w", path, err)
	}
	return Answer{Path: path, ContentType: response.Header.Get("Content-Type"), Status: response.StatusCode, Body: body.Bytes()}, nil
}
