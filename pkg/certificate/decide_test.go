package certificate

import (
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	// The CA's span is five years and five minutes.
	caDue := birth.Add(5*year - (5*year+5*time.Minute)/3)
	caEnd := birth.Add(5 * year)
	// late is a state whose CA is due and whose serving certificate is young.
	late := func(t *testing.T) State { return renewedLeaf(t, caDue.Add(-day)) }
	withNext := func(t *testing.T) State { return after(t, policy, AddNextCA, late(t), caDue) }
	switched := func(t *testing.T) State {
		return after(t, policy, SwitchLeaf, withNext(t), caDue.Add(2*time.Hour))
	}
	lastLeafEnd := caDue.Add(89 * day)
	without := func(t *testing.T, s State, keys ...string) State {
		data := encoded(t, s)
		for _, key := range keys {
			delete(data, key)
		}
		return Parse(data)
	}
	garbled := func(t *testing.T, s State, keys ...string) State {
		data := encoded(t, s)
		for _, key := range keys {
			data[key] = []byte("-----BEGIN NONSENSE-----")
		}
		return Parse(data)
	}
	tests := map[string]struct {
		state func(*testing.T) State
		trust func(State) Trust // nobody trusts anything if nil
		now   time.Time
		want  Decision
	}{
		"an empty Secret": {
			state: func(*testing.T) State { return Parse(nil) },
			now:   birth, want: Decision{Step: MakeCA, Reason: Missing},
		},
		"a Secret of garbage": {
			state: func(t *testing.T) State { return garbled(t, fresh(t, policy), secretKeys()...) },
			now:   birth, want: Decision{Step: MakeCA, Reason: Unusable},
		},
		"all is young, until two thirds of the serving certificate's life are over": {
			state: func(t *testing.T) State { return fresh(t, policy) }, now: birth,
			want: Decision{Step: Nothing, Reason: Good, Again: birth.Add(90*day - (90*day+5*time.Minute)/3)},
		},
		"a moment before two thirds of the serving certificate's life are over": {
			state: func(t *testing.T) State { return fresh(t, policy) }, now: birth.Add(59 * day),
			want: Decision{Step: Nothing, Reason: Good, Again: birth.Add(90*day - (90*day+5*time.Minute)/3)},
		},
		"two thirds of the serving certificate's life are over": {
			state: func(t *testing.T) State { return fresh(t, policy) }, now: birth.Add(60 * day),
			want: Decision{Step: IssueLeaf, Reason: Due},
		},
		"the serving certificate has ended, as all replicas were down": {
			state: func(t *testing.T) State { return fresh(t, policy) }, now: birth.Add(91 * day),
			want: Decision{Step: IssueLeaf, Reason: Ended},
		},
		"the CA has ended, as all replicas were down": {
			state: func(t *testing.T) State { return fresh(t, policy) }, now: caEnd.Add(day),
			want: Decision{Step: MakeCA, Reason: Ended},
		},
		"the Service has another name now": {
			state: func(t *testing.T) State {
				p := policy
				p.Names = []string{"other.crest-system.svc"}
				return fresh(t, p)
			},
			now: birth, want: Decision{Step: IssueLeaf, Reason: OtherNames},
		},
		"the serving certificate is missing": {
			state: func(t *testing.T) State { return without(t, fresh(t, policy), servingCert, servingKey) },
			now:   birth, want: Decision{Step: IssueLeaf, Reason: Missing},
		},
		"the serving key is garbage": {
			state: func(t *testing.T) State { return garbled(t, fresh(t, policy), servingKey) },
			now:   birth, want: Decision{Step: IssueLeaf, Reason: Unusable},
		},
		"the serving certificate is of a CA that is not trusted": {
			state: func(t *testing.T) State {
				s, other := fresh(t, policy), fresh(t, policy)
				s.Serving = other.Serving
				return s
			},
			now: birth, want: Decision{Step: IssueLeaf, Reason: Untrusted},
		},
		"the CAs are garbage": {
			state: func(t *testing.T) State { return garbled(t, fresh(t, policy), trustedCerts) },
			now:   birth, want: Decision{Step: MakeCA, Reason: Unusable},
		},
		"the CA's key is gone, while what is served is good": {
			state: func(t *testing.T) State { return without(t, fresh(t, policy), signingKey) },
			now:   birth, want: Decision{Step: AddNextCA, Reason: Missing},
		},
		"the CA's key is another one's, while what is served is good": {
			state: func(t *testing.T) State {
				data := encoded(t, fresh(t, policy))
				data[signingKey] = encoded(t, fresh(t, policy))[signingKey]
				return Parse(data)
			},
			now: birth, want: Decision{Step: AddNextCA, Reason: Unusable},
		},
		"a replica whose clock goes before ours has made it": {
			state: func(t *testing.T) State { return fresh(t, policy) }, now: birth.Add(-time.Hour),
			want: Decision{Step: Nothing, Reason: Good, Again: birth.Add(90*day - (90*day+5*time.Minute)/3)},
		},
		"two thirds of the CA's life are over": {
			state: late, now: caDue, want: Decision{Step: AddNextCA, Reason: Due},
		},
		"callers have not been told of the next CA": {
			state: withNext, now: caDue.Add(day),
			trust: func(s State) Trust { return Trust{CAs: s.Trusted[:1], Since: birth} },
			want:  Decision{Step: Nothing, Reason: AwaitingTrust, Again: caDue.Add(-day + 90*day - (90*day+5*time.Minute)/3)},
		},
		"callers have trusted the next CA for half an hour": {
			state: withNext, now: caDue.Add(day),
			trust: func(s State) Trust { return seen(s, caDue.Add(day-30*time.Minute)) },
			want:  Decision{Step: Nothing, Reason: Settling, Again: caDue.Add(day + 30*time.Minute)},
		},
		"callers have trusted the next CA for an hour": {
			state: withNext, now: caDue.Add(day),
			trust: func(s State) Trust { return seen(s, caDue.Add(day-time.Hour)) },
			want:  Decision{Step: SwitchLeaf, Reason: Trusted},
		},
		"callers were never told of the next CA, and the serving certificate is due": {
			state: withNext, now: caDue.Add(60 * day), want: Decision{Step: IssueLeaf, Reason: Due},
		},
		"callers were never told of the next CA, and the first one has ended": {
			state: withNext, now: caEnd.Add(time.Second), want: Decision{Step: SwitchLeaf, Reason: Ended},
		},
		"the next CA has ended too, as all replicas were down": {
			state: withNext, now: caDue.Add(6 * year), want: Decision{Step: MakeCA, Reason: Ended},
		},
		"the last certificate of the old CA is valid": {
			state: switched, now: lastLeafEnd.Add(-30 * day), trust: func(s State) Trust { return seen(s, birth) },
			want: Decision{Step: Nothing, Reason: Good, Again: caDue.Add(2*time.Hour + 90*day - (90*day+5*time.Minute)/3)},
		},
		"the last certificate of the old CA ended just now, by our clock": {
			state: func(t *testing.T) State { return after(t, policy, IssueLeaf, switched(t), caDue.Add(60*day)) },
			now:   lastLeafEnd.Add(time.Minute), trust: func(s State) Trust { return seen(s, birth) },
			want: Decision{Step: Nothing, Reason: Good, Again: lastLeafEnd.Add(5*time.Minute + time.Second)},
		},
		"the last certificate of the old CA has ended": {
			state: func(t *testing.T) State { return after(t, policy, IssueLeaf, switched(t), caDue.Add(60*day)) },
			now:   lastLeafEnd.Add(6 * time.Minute), want: Decision{Step: DropOldCA, Reason: LastLeafEnded},
		},
		"nobody knows what the old CA signed last": {
			state: func(t *testing.T) State {
				return without(t, after(t, policy, IssueLeaf, switched(t), caDue.Add(60*day)), lastOfOld)
			},
			now: lastLeafEnd.Add(day), want: Decision{Step: Nothing, Reason: Good, Again: caDue.Add(60*day + 90*day - (90*day+5*time.Minute)/3)},
		},
		"nobody knows what the old CA signed last, and it has ended": {
			state: func(t *testing.T) State {
				return without(t, after(t, policy, IssueLeaf, switched(t), caEnd.Add(-day)), lastOfOld)
			},
			now: caEnd.Add(time.Second), want: Decision{Step: DropOldCA, Reason: LastLeafEnded},
		},
		"a serving certificate that ends with its CA is not renewed in vain": {
			state: func(t *testing.T) State {
				return after(t, policy, IssueLeaf, withNext(t), caEnd.Add(-30*day))
			},
			now: caEnd.Add(-day), want: Decision{Step: Nothing, Reason: AwaitingTrust, Again: caEnd},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := test.state(t)
			var trust Trust
			if test.trust != nil {
				trust = test.trust(s)
			}
			if got := policy.Next(s, trust, test.now); got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}
