package certificate

import (
	"crypto/x509"
	"testing"
	"time"
)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// policy is the default one: 90 days, and five years.
var policy = Policy{
	Names: []string{"crest.crest-system.svc", "crest.crest-system.svc.cluster.local"},
	Life:  90 * day, CALife: 5 * year,
}

// birth is when the state of fresh was made.
var birth = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// fresh is what an empty Secret becomes.
func fresh(t *testing.T, p Policy) State {
	t.Helper()
	return advanced(t, p, State{}, Trust{}, birth)
}

// advanced is the state after all steps that are due.
func advanced(t *testing.T, p Policy, s State, trust Trust, now time.Time) State {
	t.Helper()
	after, _, err := p.Advance(s, trust, now)
	if err != nil {
		t.Fatal(err)
	}
	return after
}

// after is the state after one step that must be the next.
func after(t *testing.T, p Policy, step Step, s State, now time.Time) State {
	t.Helper()
	s, err := p.take(step, s, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// renewedLeaf is fresh with a serving certificate that was made at now.
func renewedLeaf(t *testing.T, now time.Time) State {
	t.Helper()
	return after(t, policy, IssueLeaf, fresh(t, policy), now)
}

// seen is the trust of callers that have been told of a state, since then.
func seen(s State, since time.Time) Trust { return Trust{CAs: s.Trusted, Since: since} }

// encoded is the data of the Secret.
func encoded(t *testing.T, s State) map[string][]byte {
	t.Helper()
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func names(cas []*x509.Certificate) []string {
	var found []string
	for _, c := range cas {
		found = append(found, c.Subject.CommonName)
	}
	return found
}
