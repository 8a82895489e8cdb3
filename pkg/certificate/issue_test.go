package certificate

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWhatIsMadeOfNothing(t *testing.T) {
	s := fresh(t, policy)
	leaf, ca := s.Serving.cert, s.Signing.cert
	for _, name := range policy.Names {
		roots := x509.NewCertPool()
		roots.AddCert(ca)
		for _, at := range []time.Time{birth.Add(-5 * time.Minute), birth, birth.Add(90 * day)} {
			if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: at}); err != nil {
				t.Errorf("%s at %s: %v", name, at, err)
			}
		}
	}
	if leaf.IsCA || leaf.KeyUsage&x509.KeyUsageCertSign != 0 || !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		t.Errorf("the serving certificate can do more than to serve: %+v", leaf)
	}
	if !ca.IsCA || !ca.MaxPathLenZero {
		t.Errorf("the CA can sign other CAs: %+v", ca)
	}
	if other := fresh(t, policy); other.Signing.cert.SerialNumber.Cmp(ca.SerialNumber) == 0 {
		t.Error("two CAs have one serial number")
	}
}

func TestACertificateIsValidNeitherBeforeNorAfterItsCA(t *testing.T) {
	tests := map[string]struct{ life, caLife, age time.Duration }{
		"years":                 {90 * day, 5 * year, 0},
		"minutes":               {time.Minute, 3 * time.Minute, 0},
		"at the end of its CA":  {time.Minute, 3 * time.Minute, 170 * time.Second},
		"a life of three years": {3 * year, 9 * year, 8 * year},
		"a clock that goes after that of the replica which made the CA": {90 * day, 5 * year, -time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := Policy{Names: policy.Names, Life: test.life, CALife: test.caLife}
			s := after(t, p, IssueLeaf, fresh(t, p), birth.Add(test.age))
			leaf, ca := s.Serving.cert, s.Signing.cert
			if leaf.NotBefore.Before(ca.NotBefore) || leaf.NotAfter.After(ca.NotAfter) {
				t.Errorf("the CA is valid from %s to %s, and the certificate from %s to %s", ca.NotBefore, ca.NotAfter, leaf.NotBefore, leaf.NotAfter)
			}
			if want := min(5*time.Minute, test.life/10); test.age >= 0 && leaf.NotBefore.After(birth.Add(test.age-want+time.Second)) {
				t.Errorf("it is made at %s, and valid from %s", birth.Add(test.age), leaf.NotBefore)
			}
		})
	}
}

func TestAChangeOfTheCATakesItsStepsInOrder(t *testing.T) {
	s := renewedLeaf(t, birth.Add(3*year))
	old := s.Signing.cert.Subject.CommonName
	now := birth.Add(4 * year) // both are due; the certificate has even ended
	s, took := advance(t, s, seen(s, birth), now)
	if took != "IssueLeaf (Ended), AddNextCA (Due), Nothing (AwaitingTrust)" {
		t.Errorf("took %s", took)
	}
	next := s.Next.cert.Subject.CommonName
	if got := names(s.Trusted); !slices.Equal(got, []string{old, next}) {
		t.Errorf("trusted are %s", got)
	}
	if !signed(s.Trusted[0], s.Serving.cert) {
		t.Error("the next CA signs before callers trust it")
	}
	s, took = advance(t, s, seen(s, now), now.Add(time.Hour))
	if took != "SwitchLeaf (Trusted), Nothing (Good)" || s.Next != nil {
		t.Errorf("took %s", took)
	}
	if got := names(s.Trusted); !slices.Equal(got, []string{next, old}) || !signed(s.Trusted[0], s.Serving.cert) {
		t.Errorf("trusted are %s", got)
	}
	s, took = advance(t, s, seen(s, now), now.Add(91*day))
	if took != "IssueLeaf (Ended), DropOldCA (LastLeafEnded), Nothing (Good)" {
		t.Errorf("took %s", took)
	}
	if got := names(s.Trusted); !slices.Equal(got, []string{next}) || s.LastOfOld != nil {
		t.Errorf("trusted are %s", got)
	}
}

func advance(t *testing.T, s State, trust Trust, now time.Time) (State, string) {
	t.Helper()
	s, decisions, err := policy.Advance(s, trust, now)
	if err != nil {
		t.Fatal(err)
	}
	var took []string
	for _, d := range decisions {
		took = append(took, fmt.Sprintf("%s (%s)", d.Step, d.Reason))
	}
	return s, strings.Join(took, ", ")
}

func TestWhatWasTrustedStaysSoWhenAllIsMadeAnew(t *testing.T) {
	data := encoded(t, fresh(t, policy))
	before := Parse(data).Trusted[0]
	delete(data, signingKey)
	delete(data, servingKey)
	s := advanced(t, policy, Parse(data), Trust{}, birth.Add(day))
	if !slices.ContainsFunc(s.Trusted, before.Equal) || len(s.Trusted) != 2 {
		t.Errorf("trusted are %s: another replica may serve what the first signed", names(s.Trusted))
	}
}

func TestTheSecretSaysWhatTheStateIs(t *testing.T) {
	now := birth.Add(4 * year)
	withNext := advanced(t, policy, fresh(t, policy), Trust{}, now)
	switched := advanced(t, policy, withNext, seen(withNext, now), now.Add(time.Hour))
	for name, s := range map[string]State{"fresh": fresh(t, policy), "with a next CA": withNext, "with an old CA": switched, "empty": {}} {
		t.Run(name, func(t *testing.T) {
			data := encoded(t, s)
			got := encoded(t, Parse(data))
			if fmt.Sprint(got) != fmt.Sprint(data) {
				t.Error("what is read is not what was written")
			}
			if unusable := Parse(data).Unusable; unusable != nil {
				t.Errorf("cannot use %v", unusable)
			}
			for key := range data {
				if !slices.Contains(secretKeys(), key) {
					t.Errorf("%s is not listed", key)
				}
			}
		})
	}
}

func TestNoKeyIsPrintedWithAState(t *testing.T) {
	s := fresh(t, policy)
	pem := encoded(t, s)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(verb, s) + fmt.Sprintf(verb, s.Serving) + fmt.Sprintf(verb, *s.Serving)
		for _, secret := range []string{"PRIVATE", string(pem[servingKey]), fmt.Sprintf("%v", s.Serving.key)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s prints a key", verb)
			}
		}
	}
}
