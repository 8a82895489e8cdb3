package certificate

import (
	"crypto/x509"
	"time"
)

// Times are those of the certificate itself, not of the configuration: while a
// changed configuration is rolled out, the replicas would disagree, and each
// would replace what the other one made.

const (
	// clockSkew is by how much the clock of a caller may go after ours.
	clockSkew = 5 * time.Minute
	// longestSettle is how long callers must have trusted the next CA, at
	// most. An API server hears of a changed APIService within seconds, if it
	// is in its senses; nothing presses, so it is given an hour.
	longestSettle = time.Hour
)

// backdate is how far back a certificate of this life begins: clockSkew, but
// at most a tenth of its life.
func backdate(life time.Duration) time.Duration { return min(clockSkew, life/10) }

// backdating is how far back the begin of a certificate was put.
func backdating(c *x509.Certificate) time.Duration { return min(clockSkew, span(c)/11) }

// span is from a certificate's begin to its end: its life and the backdating.
func span(c *x509.Certificate) time.Duration { return c.NotAfter.Sub(c.NotBefore) }

// renewal is when a certificate is to be renewed: after two thirds of its span.
func renewal(c *x509.Certificate) time.Time { return c.NotAfter.Add(-span(c) / 3) }

// settle is how long callers must have trusted a CA before it signs.
func settle(ca *x509.Certificate) time.Duration { return min(longestSettle, span(ca)/20) }
