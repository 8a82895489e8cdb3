package registration

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgotesting "k8s.io/client-go/testing"
)

// says fails the test unless an error says all of this.
func says(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
}

// discovered is a discovery of these resources.
type discovered []string

func (d discovered) ServerResourcesForGroupVersionWithContext(_ context.Context, groupVersion string) (*metav1.APIResourceList, error) {
	if d == nil {
		return nil, errors.New("service unavailable")
	}
	list := &metav1.APIResourceList{GroupVersion: groupVersion}
	for _, name := range d {
		list.APIResources = append(list.APIResources, metav1.APIResource{Name: name})
	}
	return list, nil
}

// question is what helm test asks.
var question = Question{APIService: name, GroupVersion: "external.metrics.k8s.io/v1beta1", Service: crest, Resources: []string{"max", "each"}}

// forbidden makes a verb so.
func forbidden(verb string) func(*cluster) {
	return func(c *cluster) {
		c.client.PrependReactor(verb, "apiservices", func(clientgotesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewForbidden(resource.GroupResource(), name, errors.New("RBAC"))
		})
	}
}

func TestCheck(t *testing.T) {
	other := Service{Namespace: "datadog", Name: "datadog-cluster-agent-metrics-api"}
	good := func(s Service) *unstructured.Unstructured {
		return available(object(s, nil), "True", "Passed", "all is well")
	}
	tests := map[string]struct {
		object    *unstructured.Unstructured // none if nil
		prepare   func(*cluster)
		discovery discovered
		question  func(*Question)
		err       []string // none if it is to be good
		waits     bool
	}{
		"all is well":                         {object: good(crest), discovery: discovered{"each", "max", "more"}},
		"whoever serves it, if none is named": {object: good(other), discovery: discovered{"each", "max"}, question: func(q *Question) { q.Service = Service{} }},
		"there is no APIService": {
			err: []string{"the APIService " + name + " does not exist", "apiService.create"}, waits: true,
		},
		"it is another adapter's": {
			object: good(other), discovery: discovered{},
			err: []string{"leads to the Service datadog/datadog-cluster-agent-metrics-api", "not to crest-system/crest", "kubectl get apiservice " + name},
		},
		"kube-apiserver serves it itself": {object: object(Service{}, nil), err: []string{"leads to no Service"}},
		"it may not be read": {
			object: good(crest), prepare: forbidden("get"), err: []string{"let this ServiceAccount get apiservices"},
		},
		"nobody has looked yet": {object: object(crest, nil), err: []string{"has not looked yet"}, waits: true},
		"it is not available": {
			object: available(object(crest, nil), "False", "FailedDiscoveryCheck", "x509: certificate signed by unknown authority "),
			err:    []string{"is not available because of FailedDiscoveryCheck: x509: certificate signed by unknown authority;", "--namespace crest-system"}, waits: true,
		},
		"discovery fails": {object: good(crest), err: []string{"discovery of external.metrics.k8s.io/v1beta1: service unavailable"}, waits: true},
		"discovery lists something else": {
			object: good(crest), discovery: discovered{"each", "other"}, err: []string{`lacks max: it lists ["each" "other"]`}, waits: true,
		},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t)
				if test.object != nil {
					c.put(test.object)
				}
				if test.prepare != nil {
					test.prepare(c)
				}
				q := question
				if test.question != nil {
					test.question(&q)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				_, err := Check(ctx, c.client, test.discovery, q)
				if (err == nil) != (test.err == nil) {
					t.Errorf("got %v", err)
				}
				says(t, err, test.err...)
				if waited := time.Since(began) >= time.Minute; waited != test.waits {
					t.Errorf("it took %s", time.Since(began))
				}
			})
		})
	}
}

func TestCheckWaitsForWhatIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		time.AfterFunc(30*time.Second, func() { c.put(available(object(crest, nil), "True", "Passed", "")) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if service, err := Check(ctx, c.client, discovered{"max", "each"}, question); err != nil || service != crest {
			t.Errorf("got %s, %v", service, err)
		}
	})
}

func TestWhatThereIsNoTimeForIsNoSuccess(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := newCluster(t)
	if _, err := Check(ctx, c.client, discovered{}, question); err == nil {
		t.Error("a check is good that never began")
	}
	if _, err := Unregister(ctx, c.client, name, crest); err == nil && len(c.client.Actions()) == 0 {
		t.Error("something is unregistered that was never looked at")
	}
}
