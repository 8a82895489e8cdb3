package certificate

import (
	"crypto/x509"
	"slices"
	"time"
)

// Step is one change of the Secret.
type Step string

// The steps.
const (
	// Nothing is due.
	Nothing Step = "Nothing"
	// MakeCA starts anew: with another CA, and soon another leaf.
	MakeCA Step = "MakeCA"
	// IssueLeaf has the CA sign another serving certificate.
	IssueLeaf Step = "IssueLeaf"
	// AddNextCA makes the next CA, for callers to trust.
	AddNextCA Step = "AddNextCA"
	// SwitchLeaf has the next CA sign from now on, beginning with a serving certificate.
	SwitchLeaf Step = "SwitchLeaf"
	// DropOldCA ends the trust in CAs that nothing which is valid was signed by.
	DropOldCA Step = "DropOldCA"
)

// Reason is why a step is due, or why nothing is.
type Reason string

// The reasons.
const (
	// Missing, Unusable, Ended, OtherNames and Untrusted say why the serving
	// certificate is no good; the first three of them also why the CA is not.
	Missing    Reason = "Missing"
	Unusable   Reason = "Unusable"
	Ended      Reason = "Ended"
	OtherNames Reason = "OtherNames"
	Untrusted  Reason = "Untrusted"
	// Due says that two thirds of a life are over.
	Due Reason = "Due"
	// Trusted says that callers have trusted the next CA for long enough.
	Trusted Reason = "Trusted"
	// LastLeafEnded says that no certificate of an old CA is valid any more.
	LastLeafEnded Reason = "LastLeafEnded"

	// Good, AwaitingTrust and Settling belong to Nothing. The latter two say
	// that the next CA exists and that callers do not trust it yet, or only
	// since a moment ago.
	Good          Reason = "Good"
	AwaitingTrust Reason = "AwaitingTrust"
	Settling      Reason = "Settling"
)

// Decision is what to do now.
type Decision struct {
	Step   Step
	Reason Reason
	// Again is when another step may be due, though nothing else changes. It
	// is set where the step is Nothing.
	Again time.Time
}

// Trust is what callers are seen to trust.
type Trust struct {
	// CAs are those by which they verify Crest; none if that is not known.
	CAs []*x509.Certificate
	// Since is when just these were first seen.
	Since time.Time
}

// Policy is how certificates are to be.
type Policy struct {
	// Names are the DNS names of the serving certificate, at least one.
	Names []string
	// Life and CALife are how long the serving certificate and the CA are
	// valid. CALife is at least three times Life.
	Life, CALife time.Duration
}

// Next is what to do about a state, in the order of urgency: what is served
// must be good; then the trust of callers follows the CAs; then what is good is
// renewed in time.
func (p Policy) Next(s State, t Trust, now time.Time) Decision {
	if why := p.unfit(s, now); why != "" {
		switch {
		case alive(s.Signing, now):
			return Decision{Step: IssueLeaf, Reason: why}
		case alive(s.Next, now): // nothing is left to wait for
			return Decision{Step: SwitchLeaf, Reason: authorityTrouble(s, now)}
		}
		return Decision{Step: MakeCA, Reason: authorityTrouble(s, now)}
	}
	if len(useless(s, now)) > 0 {
		return Decision{Step: DropOldCA, Reason: LastLeafEnded}
	}
	waiting := Good
	if alive(s.Next, now) {
		switch at, trusted := t.settled(s.Next.cert); {
		case !trusted:
			waiting = AwaitingTrust
		case now.Before(at):
			waiting = Settling
		default:
			return Decision{Step: SwitchLeaf, Reason: Trusted}
		}
	} else if why := authorityTrouble(s, now); why != "" {
		return Decision{Step: AddNextCA, Reason: why}
	}
	if at, renewable := leafDue(s); renewable && !now.Before(at) {
		return Decision{Step: IssueLeaf, Reason: Due}
	}
	return Decision{Step: Nothing, Reason: waiting, Again: again(s, t, now)}
}

// unfit is why what is served is no good; empty if it is good. A certificate
// that is not valid yet is good: the clock of the replica that made it goes
// before ours, and to make another one would not help.
func (p Policy) unfit(s State, now time.Time) Reason {
	if s.Serving == nil {
		return missing(s, servingCert, servingKey)
	}
	leaf := s.Serving.cert
	if now.After(leaf.NotAfter) {
		return Ended
	}
	for _, name := range p.Names {
		if leaf.VerifyHostname(name) != nil {
			return OtherNames
		}
	}
	if now.Before(leaf.NotBefore) {
		now = leaf.NotBefore
	}
	if !verifies(leaf, s.Trusted, now) {
		return Untrusted
	}
	return ""
}

// verifies says whether who trusts these CAs trusts a serving certificate.
func verifies(leaf *x509.Certificate, cas []*x509.Certificate, at time.Time) bool {
	roots := x509.NewCertPool()
	for _, c := range cas {
		roots.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at})
	return err == nil
}

// authorityTrouble is why the CA is to be renewed; empty if it is not.
func authorityTrouble(s State, now time.Time) Reason {
	switch {
	case s.Signing == nil:
		return missing(s, trustedCerts, signingKey)
	case !alive(s.Signing, now):
		return Ended
	case !now.Before(renewal(s.Signing.cert)):
		return Due
	}
	return ""
}

// missing tells what is not there from what cannot be used.
func missing(s State, keys ...string) Reason {
	for _, key := range keys {
		if slices.Contains(s.Unusable, key) {
			return Unusable
		}
	}
	return Missing
}

// alive says whether a CA, which may be nil, can still sign.
func alive(p *Pair, now time.Time) bool { return p != nil && now.Before(p.cert.NotAfter) }

// leafDue is when the serving certificate is to be renewed. One that ends with
// its CA is not renewable: another one would not live longer.
func leafDue(s State) (at time.Time, renewable bool) {
	if s.Serving == nil || s.Signing == nil || !s.Serving.cert.NotAfter.Before(s.Signing.cert.NotAfter) {
		return time.Time{}, false
	}
	return renewal(s.Serving.cert), true
}

// settled is when callers have trusted a CA for long enough: every API server
// is to have heard of it by then. It is false if they do not trust it.
func (t Trust) settled(ca *x509.Certificate) (time.Time, bool) {
	return t.Since.Add(settle(ca)), slices.ContainsFunc(t.CAs, ca.Equal)
}

// useless are the CAs that can be dropped: those that have ended, and the one
// whose last certificate has, if it did not sign what is served.
func useless(s State, now time.Time) []*x509.Certificate {
	var found []*x509.Certificate
	for _, c := range s.olds() {
		if now.After(lastUse(s, c)) {
			found = append(found, c)
		}
	}
	return found
}

// lastUse is until when an old CA is needed.
func lastUse(s State, ca *x509.Certificate) time.Time {
	serves := s.Serving != nil && signed(ca, s.Serving.cert)
	if serves || !signed(ca, s.LastOfOld) {
		return ca.NotAfter
	}
	return s.LastOfOld.NotAfter.Add(backdating(s.LastOfOld))
}

// again is the first moment after now at which Next may say something else.
func again(s State, t Trust, now time.Time) time.Time {
	var moments []time.Time
	if at, renewable := leafDue(s); renewable {
		moments = append(moments, at)
	}
	moments = append(moments, s.Serving.cert.NotAfter.Add(time.Second))
	if s.Signing != nil {
		moments = append(moments, renewal(s.Signing.cert), s.Signing.cert.NotAfter)
	}
	if s.Next != nil {
		at, _ := t.settled(s.Next.cert)
		moments = append(moments, at, s.Next.cert.NotAfter)
	}
	for _, c := range s.olds() {
		moments = append(moments, lastUse(s, c).Add(time.Second))
	}
	moments = slices.DeleteFunc(moments, func(at time.Time) bool { return !at.After(now) })
	return slices.MinFunc(moments, time.Time.Compare)
}
