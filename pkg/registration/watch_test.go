package registration

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgotesting "k8s.io/client-go/testing"
)

func TestWhoseTheAPIServiceIsDecidesWhetherItsTrustIsKept(t *testing.T) {
	other := Service{Namespace: "keda", Name: "keda-operator-metrics-apiserver"}
	tests := map[string]struct {
		object *unstructured.Unstructured // none if nil
		bundle string
		kept   bool
		owner  owner
		of     Service
		says   string
	}{
		"it is ours":                         {object(crest, map[string]any{"caBundle": encode("PEM")}), "PEM", true, ours, crest, "keeps its caBundle"},
		"it is ours and has no caBundle yet": {object(crest, nil), "", true, ours, crest, "keeps its caBundle"},
		"it is another adapter's":            {object(other, map[string]any{"caBundle": encode("PEM")}), "", false, foreign, other, "keda/keda-operator-metrics-apiserver"},
		"it leads to no Service":             {object(Service{}, nil), "", false, foreign, Service{}, "leaves it alone"},
		"it is ours and verifies nothing":    {object(crest, map[string]any{"insecureSkipTLSVerify": true}), "", false, insecure, crest, "insecureSkipTLSVerify"},
		"it does not exist":                  {nil, "", false, absent, Service{}, "does not exist"},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			prepare := func(c *cluster) {
				if test.object != nil {
					c.put(test.object)
				}
			}
			watching(t, prepare, func(t *testing.T, c *cluster, w *Watch) {
				bundle, kept, known := w.Trust()
				if string(bundle) != test.bundle || kept != test.kept || !known {
					t.Errorf("got %q, %v, %v", bundle, kept, known)
				}
				if testutil.CollectAndCount(w.report.gauge) != 1 || testutil.ToFloat64(w.report.gauge.WithLabelValues(string(test.owner), test.of.String())) != 1 {
					t.Errorf("the metric does not say %s, of %s", test.owner, test.of)
				}
				if c.said(test.says) != 1 {
					t.Errorf("the log does not say once %q: %q", test.says, c.logged)
				}
				select {
				case <-w.Changes():
				default:
					t.Error("nobody is told of it")
				}
			})
		})
	}
}

func TestATrustThatIsSetIsSeen(t *testing.T) {
	watching(t, func(c *cluster) { c.put(object(crest, nil)) }, func(t *testing.T, c *cluster, w *Watch) {
		<-w.Changes()
		if err := w.SetTrust(t.Context(), nil, []byte("PEM")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		<-w.Changes()
		if bundle, kept, known := w.Trust(); string(bundle) != "PEM" || !kept || !known {
			t.Errorf("got %q, %v, %v", bundle, kept, known)
		}
		if c.said("keeps its caBundle") != 1 {
			t.Errorf("the log says again whose it is: %q", c.logged)
		}
	})
}

func TestATrustThatHasChangedSinceIsNotSet(t *testing.T) {
	watching(t, func(c *cluster) { c.put(object(crest, map[string]any{"caBundle": encode("old")})) }, func(t *testing.T, c *cluster, w *Watch) {
		if err := w.SetTrust(t.Context(), []byte("even older"), []byte("mine")); err != nil || c.bundle() != "old" {
			t.Errorf("it is %q (%v) though the watch says another", c.bundle(), err)
		}
		newer := object(crest, map[string]any{"caBundle": encode("newer")})
		newer.SetResourceVersion("v9")
		c.client.PrependReactor("patch", "apiservices", func(action clientgotesting.Action) (bool, runtime.Object, error) {
			_ = c.client.Tracker().Update(resource, newer, "") // just before the patch arrives
			return c.patch(action)
		})
		if err := w.SetTrust(t.Context(), []byte("old"), []byte("mine")); !apierrors.IsConflict(err) || c.bundle() != "newer" {
			t.Errorf("it is %q (%v) though somebody was faster", c.bundle(), err)
		}
	})
}

func TestATrustThatMayNotBeSetSaysWhatToGrant(t *testing.T) {
	watching(t, func(c *cluster) { c.put(object(crest, nil)) }, func(t *testing.T, c *cluster, w *Watch) {
		c.refuse = apierrors.NewForbidden(resource.GroupResource(), name, errors.New("RBAC"))
		err := w.SetTrust(t.Context(), nil, []byte("PEM"))
		says(t, err, "could not patch the caBundle of the APIService "+name, "let Crest's ServiceAccount patch apiservices")
	})
}

func TestAnAPIServiceThatIsGivenToAnotherIsLeftAlone(t *testing.T) {
	watching(t, func(c *cluster) { c.put(object(crest, map[string]any{"caBundle": encode("PEM")})) }, func(t *testing.T, c *cluster, w *Watch) {
		c.put(object(Service{Namespace: "keda", Name: "keda"}, map[string]any{"caBundle": encode("theirs")}))
		synctest.Wait()
		for _, from := range []string{"PEM", "theirs"} {
			if err := w.SetTrust(t.Context(), []byte(from), []byte("mine")); err != nil || c.bundle() != "theirs" {
				t.Errorf("it is %q (%v)", c.bundle(), err)
			}
		}
		if _, kept, _ := w.Trust(); kept || c.said("another Service") != 1 {
			t.Errorf("it is kept: %q", c.logged)
		}
	})
}

func TestAnAPIServiceThatMayNotBeWatchedIsSaidOnceAndNotKnown(t *testing.T) {
	var allowed atomic.Bool
	prepare := func(c *cluster) {
		c.client.PrependReactor("list", "apiservices", func(clientgotesting.Action) (bool, runtime.Object, error) {
			return !allowed.Load(), nil, apierrors.NewForbidden(resource.GroupResource(), "", errors.New("RBAC"))
		})
		c.put(object(crest, nil))
	}
	watching(t, prepare, func(t *testing.T, c *cluster, w *Watch) {
		time.Sleep(5 * time.Minute)
		if _, _, known := w.Trust(); known {
			t.Error("it is known")
		}
		if c.said("let Crest's ServiceAccount get, list, watch and patch apiservices with the resourceName "+name) != 1 {
			t.Errorf("the log does not say once what to grant: %q", c.logged)
		}
		allowed.Store(true)
		time.Sleep(5 * time.Minute)
		if _, kept, known := w.Trust(); !kept || !known || c.said("follow its APIService again") != 1 {
			t.Errorf("it is not known: %q", c.logged)
		}
	})
}
