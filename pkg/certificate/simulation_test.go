package certificate

import (
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// simulation is a Secret, an APIService, replicas of Crest that read and write
// both, and API servers that call the replicas. Everybody hears of a change
// late, each at a time of its own.
type simulation struct {
	t      *testing.T
	policy Policy
	random *rand.Rand
	now    time.Time
	// lag is the longest time until somebody hears of a change.
	lag time.Duration

	secrets  []version[State] // the first is the empty Secret
	bundles  []version[State] // whose Trusted the APIService says
	replicas []*replica
	servers  []*watcher
	valid    map[[2]int]span2
	steps    map[Step]int
}

// version is a value and when it was written.
type version[T any] struct {
	value T
	at    time.Time
}

// watcher sees one of the versions.
type watcher struct{ sees int }

// replica is a Crest: it sees the Secret and the APIService, and serves what
// the Secret had when it was last good.
type replica struct {
	secret, bundle watcher
	serves         int // a version of the Secret; 0 is none
	since          time.Time
	again          time.Time
	offUntil       time.Time
}

// span2 is when a certificate is valid for who trusts a bundle.
type span2 struct{ from, to time.Time }

func newSimulation(t *testing.T, p Policy, lag time.Duration, seed uint64) *simulation {
	s := &simulation{
		t: t, policy: p, random: rand.New(rand.NewPCG(seed, 0)), now: birth, lag: lag,
		secrets: []version[State]{{}}, bundles: []version[State]{{}},
		valid: map[[2]int]span2{}, steps: map[Step]int{},
	}
	for range 3 {
		s.replicas = append(s.replicas, &replica{})
		s.servers = append(s.servers, &watcher{})
	}
	return s
}

// hear moves a watcher on to what it may have heard of by now.
func hear[T any](s *simulation, w *watcher, versions []version[T]) (news bool) {
	for w.sees+1 < len(versions) {
		age := s.now.Sub(versions[w.sees+1].at)
		if age < s.lag && s.random.Int64N(int64(s.lag)) > int64(age) {
			break
		}
		w.sees++
		news = true
	}
	return news
}

// quiet says whether everybody knows everything.
func (s *simulation) quiet() bool {
	for _, r := range s.replicas {
		if r.offUntil.IsZero() && (r.secret.sees < len(s.secrets)-1 || r.bundle.sees < len(s.bundles)-1) {
			return false
		}
	}
	for _, w := range s.servers {
		if w.sees < len(s.bundles)-1 {
			return false
		}
	}
	return true
}

// turn is one look of a replica, as Rotator.turn.
func (s *simulation) turn(r *replica) {
	if s.now.Before(r.offUntil) {
		return
	}
	r.offUntil = time.Time{}
	changed := hear(s, &r.secret, s.secrets)
	if hear(s, &r.bundle, s.bundles) || r.since.IsZero() {
		changed, r.since = true, s.now
	}
	if !changed && s.now.Before(r.again) {
		return
	}
	state := s.secrets[r.secret.sees].value
	if s.policy.unfit(state, s.now) == "" {
		r.serves = r.secret.sees
	}
	trust := Trust{CAs: s.bundles[r.bundle.sees].value.Trusted, Since: r.since}
	current := r.secret.sees == len(s.secrets)-1
	d := s.policy.Next(state, trust, s.now)
	if d.Step != Nothing {
		if current { // else it is a conflict
			s.write(state, trust)
		}
		return
	}
	r.again = d.Again
	theirs := s.bundles[r.bundle.sees].value
	if current && r.bundle.sees == len(s.bundles)-1 && fmt.Sprint(names(theirs.Trusted)) != fmt.Sprint(names(state.Trusted)) {
		s.bundles = append(s.bundles, version[State]{state, s.now})
	}
}

func (s *simulation) write(state State, trust Trust) {
	next, decisions, err := s.policy.Advance(state, trust, s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	s.secrets = append(s.secrets, version[State]{next, s.now})
	for _, d := range decisions[:len(decisions)-1] {
		s.steps[d.Step]++
	}
}

// check verifies what each replica serves as each API server would.
func (s *simulation) check() {
	for i, r := range s.replicas {
		for j, w := range s.servers {
			if r.serves == 0 || w.sees == 0 {
				s.t.Fatalf("%s: replica %d serves version %d, and server %d trusts version %d", s.now, i, r.serves, j, w.sees)
			}
			key := [2]int{r.serves, w.sees}
			valid, known := s.valid[key]
			if !known {
				valid = validity(s.secrets[r.serves].value.Serving.cert, s.bundles[w.sees].value.Trusted)
				s.valid[key] = valid
			}
			if s.now.Before(valid.from) || s.now.After(valid.to) {
				s.t.Fatalf("%s: server %d, which trusts %s, does not trust replica %d, which serves what %s signed, valid from %s to %s; the replica was cut off until %s",
					s.now, j, names(s.bundles[w.sees].value.Trusted), i, s.secrets[r.serves].value.Serving.cert.Issuer.CommonName, valid.from, valid.to, r.offUntil)
			}
		}
	}
}

// validity is empty where who trusts these CAs never trusts the certificate.
func validity(leaf *x509.Certificate, cas []*x509.Certificate) span2 {
	if !verifies(leaf, cas, leaf.NotBefore) || !verifies(leaf, cas, leaf.NotAfter) {
		return span2{}
	}
	return span2{leaf.NotBefore, leaf.NotAfter}
}

// disturb now and then cuts a replica off, so long that what it serves must
// last, or starts it anew, which forgets since when callers trust whom.
func (s *simulation) disturb(step time.Duration) {
	r := s.replicas[s.random.IntN(len(s.replicas))]
	if !r.offUntil.IsZero() || r.secret.sees < len(s.secrets)-1 {
		return
	}
	switch s.random.IntN(100) {
	case 0:
		// It is due for renewal when a third of its span is left.
		r.offUntil = s.now.Add(time.Duration(s.random.Int64N(int64(s.policy.Life/3 - 2*s.lag - 3*step))))
	case 1:
		r.since = time.Time{}
	}
}

// run lets time pass: in small steps while something is under way.
func (s *simulation) run(span, small, large time.Duration) {
	install := s.now.Add(3 * s.lag)
	for end := s.now.Add(span); s.now.Before(end); {
		for _, i := range s.random.Perm(len(s.replicas)) {
			s.turn(s.replicas[i])
		}
		for _, w := range s.servers {
			hear(s, w, s.bundles)
		}
		if s.now.After(install) {
			s.check()
			s.disturb(large)
		}
		step := large
		if !s.quiet() {
			step = small
		}
		s.now = s.now.Add(step)
	}
}

func TestWhatIsServedIsAlwaysTrusted(t *testing.T) {
	tests := map[string]struct {
		policy            Policy
		span, lag         time.Duration
		small, large      time.Duration
		leaves, cas, most int
	}{
		"over thirty years, by the defaults": {
			policy: policy, span: 30 * year, lag: 40 * time.Minute, small: 5 * time.Minute, large: 6 * time.Hour,
			leaves: 150, cas: 7, most: 230,
		},
		"over twenty minutes, with lives of a minute": {
			policy: Policy{Names: policy.Names, Life: time.Minute, CALife: 3 * time.Minute},
			span:   20 * time.Minute, lag: 5 * time.Second, small: 200 * time.Millisecond, large: time.Second,
			leaves: 20, cas: 7, most: 65,
		},
		"with a CA that lives much longer than what it signs": {
			policy: Policy{Names: policy.Names, Life: time.Hour, CALife: 10 * year},
			span:   5 * day, lag: 5 * time.Minute, small: time.Minute, large: 2 * time.Minute,
			leaves: 150, cas: 0, most: 200,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				s := newSimulation(t, test.policy, test.lag, seed)
				s.run(test.span, test.small, test.large)
				leaves, cas := s.steps[IssueLeaf], s.steps[AddNextCA]
				if s.steps[MakeCA] != 1 {
					t.Errorf("seed %d: started anew %d times", seed, s.steps[MakeCA])
				}
				if leaves < test.leaves || cas < test.cas || s.steps[SwitchLeaf] < cas-1 || s.steps[DropOldCA] < cas-2 {
					t.Errorf("seed %d: too few steps were taken: %v", seed, s.steps)
				}
				if len(s.secrets) > test.most {
					t.Errorf("seed %d: the Secret was written %d times", seed, len(s.secrets))
				}
				t.Logf("seed %d: %v, %d writes of the Secret, %d of the APIService", seed, s.steps, len(s.secrets), len(s.bundles))
			}
		})
	}
}
