package registration

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgotesting "k8s.io/client-go/testing"
)

func TestUnregister(t *testing.T) {
	other := Service{Namespace: "keda", Name: "keda"}
	tests := map[string]struct {
		object  *unstructured.Unstructured // none if nil
		prepare func(*cluster)
		done    string
		err     []string
		left    bool
	}{
		"ours is deleted":               {object: object(crest, nil), done: "deleted the APIService " + name},
		"another adapter's is left":     {object: object(other, nil), done: "nothing done: the APIService " + name + " leads to the Service keda/keda, and not to crest-system/crest", left: true},
		"one without a Service is left": {object: object(Service{}, nil), done: "leads to no Service", left: true},
		"one that is gone is gone":      {done: "nothing to do"},
		"one that may not be read": {
			object: object(crest, nil), prepare: forbidden("get"), err: []string{"reading the APIService", "let this ServiceAccount get apiservices"}, left: true,
		},
		"one that may not be deleted": {
			object: object(crest, nil), prepare: forbidden("delete"), err: []string{"deleting the APIService", "let this ServiceAccount delete apiservices"}, left: true,
		},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			c := newCluster(t)
			if test.object != nil {
				c.put(test.object)
			}
			if test.prepare != nil {
				test.prepare(c)
			}
			done, err := Unregister(t.Context(), c.client, name, crest)
			if (err == nil) != (test.err == nil) || !strings.Contains(done, test.done) {
				t.Errorf("got %q, %v", done, err)
			}
			says(t, err, test.err...)
			if _, err := c.client.Tracker().Get(resource, "", name); (err == nil) != test.left {
				t.Errorf("what is left: %v", err)
			}
		})
	}
}

func TestJustTheAPIServiceThatWasLookedAtIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		c.put(object(crest, nil))
		// Somebody else takes it over between the look and the deletion.
		c.client.PrependReactor("delete", "apiservices", func(action clientgotesting.Action) (bool, runtime.Object, error) {
			p := action.(clientgotesting.DeleteActionImpl).DeleteOptions.Preconditions
			if p == nil || *p.UID != "uid-of-crest" || *p.ResourceVersion != "v1" {
				t.Errorf("the deletion is of anything: %+v", p)
			}
			c.put(object(Service{Namespace: "keda", Name: "keda"}, nil))
			return true, nil, apierrors.NewConflict(resource.GroupResource(), name, errors.New("it has changed"))
		})
		done, err := Unregister(t.Context(), c.client, name, crest)
		if err != nil || !strings.Contains(done, "leads to the Service keda/keda") {
			t.Errorf("got %q, %v", done, err)
		}
	})
}

func TestUnregisterTriesAgainUntilItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		c.put(object(crest, nil))
		tries := 0
		c.client.PrependReactor("get", "apiservices", func(clientgotesting.Action) (bool, runtime.Object, error) {
			tries++
			return true, nil, errors.New("connection refused")
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := Unregister(ctx, c.client, name, crest)
		says(t, err, "connection refused")
		if tries < 25 {
			t.Errorf("it tried %d times in a minute", tries)
		}
	})
}
