package certificate

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgotesting "k8s.io/client-go/testing"
)

func TestAnEmptySecretIsFilledAndServed(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.put(map[string][]byte{"note": []byte("not ours")})
		callers := newAPIService()
		r := c.run(policy.Life, policy.CALife, callers)
		if !r.Wait(t.Context()) {
			t.Fatal("there is nothing to serve")
		}
		s := Parse(c.data())
		if !r.serves(t).Leaf.Equal(s.Serving.cert) || policy.unfit(s, time.Now()) != "" {
			t.Errorf("it serves %v", r.serves(t).Leaf.Subject)
		}
		if !bytes.Equal(callers.trusts(), c.data()[trustedCerts]) {
			t.Error("callers are not told whom to trust")
		}
		if string(c.data()["note"]) != "not ours" {
			t.Error("what is not ours in the Secret is gone")
		}
		got := fmt.Sprint(r.counts(t, "crest_certificate_renewals_total"))
		if got != "map[Missing MakeCA:1]" {
			t.Errorf("counted %s", got)
		}
		ends := r.counts(t, "crest_certificate_not_after_timestamp_seconds")
		if ends["serving"] != float64(s.Serving.cert.NotAfter.Unix()) || ends["ca"] != float64(s.Signing.cert.NotAfter.Unix()) || len(ends) != 2 {
			t.Errorf("the metric says that they end at %v", ends)
		}
	})
}

func TestReplicasThatStartAtOnceAgreeOnOneCA(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		callers := newAPIService()
		var replicas []running
		for range 5 {
			replicas = append(replicas, c.run(policy.Life, policy.CALife, callers))
		}
		c.put(nil)
		made := 0.0
		for _, r := range replicas {
			made += r.counts(t, "crest_certificate_renewals_total")["Missing MakeCA"]
			if got, want := r.serves(t), Parse(c.data()).Serving.cert; got == nil || !got.Leaf.Equal(want) {
				t.Error("a replica serves something else")
			}
			if failures := r.counts(t, "crest_certificate_failures_total"); failures[updatingSecret] != 0 {
				t.Errorf("that another one is faster is no failure: %v", failures)
			}
		}
		if made != 1 {
			t.Errorf("%v CAs were made", made)
		}
		if len(Parse(c.data()).Trusted) != 1 || !bytes.Equal(callers.trusts(), c.data()[trustedCerts]) {
			t.Errorf("trusted are %s", names(Parse(c.data()).Trusted))
		}
	})
}

func TestAnotherReplicaThatIsFasterIsFollowed(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		faster := encoded(t, advanced(t, policy, State{}, Trust{}, time.Now()))
		c.put(nil)
		c.before = func() map[string][]byte { return faster }
		callers := newAPIService()
		r := c.run(policy.Life, policy.CALife, callers)
		if !r.serves(t).Leaf.Equal(Parse(faster).Serving.cert) || !bytes.Equal(callers.trusts(), faster[trustedCerts]) {
			t.Error("it serves something else")
		}
		if c.conflicted() != 1 || len(r.counts(t, "crest_certificate_renewals_total")) != 0 || r.counts(t, "crest_certificate_failures_total")[updatingSecret] != 0 {
			t.Errorf("%d conflicts, counted %v and %v", c.conflicted(),
				r.counts(t, "crest_certificate_renewals_total"), r.counts(t, "crest_certificate_failures_total"))
		}
	})
}

func TestAMissingSecretIsWaitedForAndSaidHowToCreate(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		r := c.run(policy.Life, policy.CALife, nil)
		var waited atomic.Bool
		go func() { waited.Store(r.Wait(t.Context())) }()
		time.Sleep(time.Hour)
		if waited.Load() || r.serves(t) != nil {
			t.Error("it serves something")
		}
		const says = "kubectl create secret generic crest-certificate --namespace crest-system"
		if strings.Count(c.log(), says) != 1 {
			t.Errorf("the log does not say once what to create:\n%s", c.log())
		}
		c.put(nil)
		if !waited.Load() || r.serves(t) == nil {
			t.Error("it serves nothing")
		}
	})
}

func TestASecretThatMayNotBeReadIsSaidOnceAndWhy(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		var allowed atomic.Bool
		forbid := func(clientgotesting.Action) (bool, runtime.Object, error) {
			return !allowed.Load(), nil, apierrors.NewForbidden(secrets.GroupResource(), "", errors.New("RBAC"))
		}
		c.client.PrependReactor("list", "secrets", forbid)
		c.put(nil)
		r := c.run(policy.Life, policy.CALife, nil)
		time.Sleep(5 * time.Minute)
		const says = "let Crest's ServiceAccount get, list, watch and update secrets with the resourceName crest-certificate"
		if strings.Count(c.log(), says) != 1 {
			t.Errorf("the log does not say once what to grant:\n%s", c.log())
		}
		allowed.Store(true)
		time.Sleep(5 * time.Minute)
		if r.serves(t) == nil {
			t.Error("it serves nothing")
		}
	})
}

func TestASecretThatMayNotBeUpdatedIsTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.setRefusal(apierrors.NewForbidden(secrets.GroupResource(), name, errors.New("RBAC")))
		c.put(nil)
		r := c.run(policy.Life, policy.CALife, nil)
		time.Sleep(time.Hour)
		if strings.Count(c.log(), "could not update the Secret crest-system/crest-certificate") != 1 {
			t.Errorf("the log does not say once what is wrong:\n%s", c.log())
		}
		// One, two, four … seconds, then one a minute.
		if n := r.counts(t, "crest_certificate_failures_total")[updatingSecret]; n < 50 || n > 70 {
			t.Errorf("it tried %v times in an hour", n)
		}
		c.setRefusal(nil)
		time.Sleep(time.Minute)
		if r.serves(t) == nil || !strings.Contains(c.log(), "is kept again") {
			t.Errorf("it serves nothing:\n%s", c.log())
		}
	})
}

// listener counts how often it is told.
type listener struct{ told atomic.Int64 }

func (l *listener) Enqueue() { l.told.Add(1) }

func TestTheServingCertificateIsRenewedAfterTwoThirdsOfItsLife(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.put(nil)
		r := c.run(policy.Life, policy.CALife, newAPIService())
		var l listener
		r.Serving().AddListener(&l)
		first := r.serves(t).Leaf
		time.Sleep(59 * day)
		if !r.serves(t).Leaf.Equal(first) || l.told.Load() != 0 {
			t.Error("it is renewed too early")
		}
		time.Sleep(day + time.Hour)
		second := r.serves(t).Leaf
		if second.Equal(first) || !bytes.Equal(second.AuthorityKeyId, first.AuthorityKeyId) {
			t.Error("it is not renewed, or not by the same CA")
		}
		if l.told.Load() != 1 {
			t.Errorf("the server was told %d times", l.told.Load())
		}
		if n := r.counts(t, "crest_certificate_renewals_total")["Due IssueLeaf"]; n != 1 {
			t.Errorf("counted %v", n)
		}
	})
}

// TestWhatIsServedIsTrustedWhileAllIsRenewed lets two replicas run through ten
// CAs, and looks all the time.
func TestWhatIsServedIsTrustedWhileAllIsRenewed(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.put(nil)
		callers := newAPIService()
		replicas := []running{c.run(time.Minute, 3*time.Minute, callers), c.run(time.Minute, 3*time.Minute, callers)}
		secretsSeen := map[string]bool{}
		cas := map[string]bool{}
		for end := time.Now().Add(20 * time.Minute); time.Now().Before(end); time.Sleep(250 * time.Millisecond) {
			synctest.Wait()
			bundle, _, _ := callers.Trust()
			trusted := Parse(map[string][]byte{trustedCerts: bundle}).Trusted
			for i, r := range replicas {
				leaf := r.serves(t).Leaf
				if !verifies(leaf, trusted, time.Now()) {
					t.Fatalf("callers trust %s, and replica %d serves what %s signed, until %s", names(trusted), i, leaf.Issuer.CommonName, leaf.NotAfter)
				}
				cas[leaf.Issuer.CommonName] = true
				_, key := r.Serving().CurrentCertKeyContent()
				secretsSeen[string(key)] = true
			}
		}
		if len(cas) < 8 || len(secretsSeen) < 25 {
			t.Errorf("there were %d CAs and %d keys", len(cas), len(secretsSeen))
		}
		for key := range secretsSeen {
			if body := strings.Split(key, "\n")[1]; strings.Contains(c.log(), body) {
				t.Fatal("the log holds a key")
			}
		}
		t.Logf("%d CAs, %d certificates, %d conflicts", len(cas), len(secretsSeen), c.conflicted())
	})
}

func TestAServingCertificateThatIsRemovedIsMadeAgainAndServedUntilThen(t *testing.T) {
	other := encoded(t, advanced(t, policy, State{}, Trust{}, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))) // when the bubble's clock begins
	tests := map[string]func(data map[string][]byte){
		"the pair is another CA's": func(data map[string][]byte) {
			data[servingCert], data[servingKey] = other[servingCert], other[servingKey]
		},
		"all is gone":            func(data map[string][]byte) { clear(data) },
		"the key is garbage":     func(data map[string][]byte) { data[servingKey] = []byte("garbage") },
		"the pair is gone":       func(data map[string][]byte) { delete(data, servingCert); delete(data, servingKey) },
		"the CAs are garbage":    func(data map[string][]byte) { data[trustedCerts] = []byte("garbage") },
		"everything is garbage":  func(data map[string][]byte) { garble(data) },
		"only the CAs are there": func(data map[string][]byte) { delete(data, servingKey); delete(data, signingKey) },
	}
	for what, damage := range tests {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(t *testing.T, c *cluster) {
				c.put(nil)
				callers := newAPIService()
				r := c.run(policy.Life, policy.CALife, callers)
				first := r.serves(t).Leaf
				c.setRefusal(errors.New("etcd is slow"))
				data := map[string][]byte{}
				for key, value := range c.data() {
					data[key] = value
				}
				damage(data)
				c.put(data)
				if !r.serves(t).Leaf.Equal(first) {
					t.Error("what was served is dropped before there is something better")
				}
				c.setRefusal(nil)
				time.Sleep(time.Minute)
				leaf := r.serves(t).Leaf
				if leaf.Equal(first) || !verifies(leaf, Parse(map[string][]byte{trustedCerts: callers.trusts()}).Trusted, time.Now()) {
					t.Errorf("it serves what %s signed, and callers do not trust it", leaf.Issuer.CommonName)
				}
			})
		})
	}
}

func garble(data map[string][]byte) {
	for key := range data {
		data[key] = []byte("-----BEGIN GARBAGE-----\nAAAA\n-----END GARBAGE-----")
	}
}

func TestTheCAIsChangedWithoutAPauseWhenItsKeyIsRemoved(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.put(nil)
		callers := newAPIService()
		r := c.run(policy.Life, policy.CALife, callers)
		first := r.serves(t).Leaf
		data := c.data()
		delete(data, signingKey)
		c.put(data)
		if s := Parse(c.data()); s.Next == nil || len(s.Trusted) != 2 || !bytes.Equal(callers.trusts(), c.data()[trustedCerts]) || !r.serves(t).Leaf.Equal(first) {
			t.Errorf("trusted are %s", names(s.Trusted))
		}
		time.Sleep(time.Hour + time.Second)
		if s := Parse(c.data()); s.Next != nil || !signed(s.Trusted[0], r.serves(t).Leaf) || r.serves(t).Leaf.Equal(first) {
			t.Errorf("an hour later it serves what %s signed", r.serves(t).Leaf.Issuer.CommonName)
		}
		time.Sleep(91 * day)
		if s := Parse(c.data()); len(s.Trusted) != 1 {
			t.Errorf("trusted are %s after all that the first CA signed has ended", names(s.Trusted))
		}
	})
}

// TestAWatchThatIsBehindTakesNoTrustBack has the API server know a newer Secret
// than the watch has brought, of which callers have been told.
func TestAWatchThatIsBehindTakesNoTrustBack(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.put(nil)
		callers := newAPIService()
		c.run(policy.Life, policy.CALife, callers)
		newer := encoded(t, fresh(t, policy))
		c.client.PrependReactor("get", "secrets", func(clientgotesting.Action) (bool, runtime.Object, error) {
			return true, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, ResourceVersion: "newer"}, Data: newer}, nil
		})
		told := callers.times()
		callers.set(func(a *apiService) { a.bundle = newer[trustedCerts] })
		time.Sleep(time.Hour)
		if callers.times() != told || !bytes.Equal(callers.trusts(), newer[trustedCerts]) {
			t.Error("callers are told what an old Secret says")
		}
	})
}

func TestCallersAreToldAgainWhatSomebodyElseChanged(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.put(nil)
		callers := newAPIService()
		c.run(policy.Life, policy.CALife, callers)
		callers.set(func(a *apiService) { a.bundle, a.refuse = nil, errors.New("it is away") })
		time.Sleep(10 * time.Minute)
		if strings.Count(c.log(), "telling callers whom to trust: it is away") != 1 {
			t.Errorf("the log does not say once what is wrong:\n%s", c.log())
		}
		callers.mu.Lock()
		callers.refuse = nil
		callers.mu.Unlock()
		time.Sleep(time.Minute)
		if !bytes.Equal(callers.trusts(), c.data()[trustedCerts]) {
			t.Error("callers do not trust the CA")
		}
	})
}

func TestWhatCallersTrustIsLeftAloneWhereItIsNotOurs(t *testing.T) {
	tests := map[string]struct {
		change   func(*apiService)
		switches bool // whether the next CA signs in the end
	}{
		"the APIService is of another": {func(a *apiService) { a.foreign = true }, true},
		"it is not known yet":          {func(a *apiService) { a.unknown = true }, false},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(t *testing.T, c *cluster) {
				c.put(nil)
				callers := newAPIService()
				callers.bundle = []byte("another one's")
				test.change(callers)
				r := c.run(policy.Life, policy.CALife, callers)
				if r.serves(t) == nil {
					t.Fatal("it serves nothing")
				}
				data := c.data()
				delete(data, signingKey) // renews the CA
				c.put(data)
				time.Sleep(2 * time.Hour)
				if callers.times() != 0 || string(callers.trusts()) != "another one's" {
					t.Error("it is changed")
				}
				if s := Parse(c.data()); (s.Next == nil) != test.switches {
					t.Errorf("trusted are %s, and %s serves", names(s.Trusted), s.Serving.cert.Issuer.CommonName)
				}
			})
		})
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	good := func() Options {
		c := newCluster(t)
		return Options{Client: c.client, Namespace: namespace, Secret: name, Service: "crest", Life: time.Hour, CALife: 3 * time.Hour, Now: time.Now}
	}
	tests := map[string]struct {
		change func(*Options)
		want   string
	}{
		"no client":                {func(o *Options) { o.Client = nil }, "neither a client configuration nor a client"},
		"no Secret":                {func(o *Options) { o.Secret = "" }, "a namespace, a Secret and a Service"},
		"a CA that ends too early": {func(o *Options) { o.CALife = 2 * time.Hour }, "three times as long"},
		"no clock":                 {func(o *Options) { o.Now = nil }, "a clock"},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			o := good()
			test.change(&o)
			if _, err := New(o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
