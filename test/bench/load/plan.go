package load

import (
	"errors"
	"time"
)

// Plan is a bounded load: it ends after Length, or once all clients together have had Most answers.
type Plan struct {
	Length time.Duration
	Most   int
	// Rate is how many questions a second all clients together ask. 0: each asks again once it has been answered.
	Rate float64
	// Paths are asked one after another, by all clients together. A load goes on where their last one has ended.
	Paths []string
	// Accept is the encoding that is asked for.
	Accept string
	// Check is an error unless an answer is right. It must not keep the body.
	Check func(Answer) error
}

// Answer is one answer, read to its end.
type Answer struct {
	Path, ContentType string
	Status            int
	Body              []byte
}

func (p Plan) validate() error {
	if p.Length <= 0 || p.Most <= 0 || p.Rate < 0 || len(p.Paths) == 0 || p.Check == nil {
		return errors.New("a load needs a length, a number of answers, paths and a check, and its rate cannot be negative")
	}
	return nil
}

// due is when a client, of so many, asks its nth question, as a time since the begin: all of them take turns.
func (p Plan) due(client, clients, nth int) time.Duration {
	if p.Rate == 0 {
		return 0
	}
	return time.Duration(float64(nth*clients+client) / p.Rate * float64(time.Second))
}

// path is what a client, of so many, asks as its nth question, where all have asked so many before.
func (p Plan) path(before, client, clients, nth int) string {
	return p.Paths[(before+nth*clients+client)%len(p.Paths)]
}

// share is how many answers a client, of so many, may have: together they are Most.
func (p Plan) share(client, clients int) int {
	return (p.Most*(client+1))/clients - (p.Most*client)/clients
}
