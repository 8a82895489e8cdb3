package scale

import (
	"cmp"
	"slices"
	"time"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/crest-hpa/crest/test/cluster"
)

// calls are those of one sort that the adapter made of the API server.
type calls struct {
	verb, resource string
	number         int
	// namespaces is of how many; 0 where the calls are about all at once.
	namespaces int
	failed     int
}

// callsBetween are what the adapter asked the API server from a moment until another, most frequent first.
func (s *site) callsBetween(from, to time.Time) ([]calls, error) {
	events, err := s.cluster.Audited(cluster.AdapterNamespace, cluster.AdapterName)
	if err != nil {
		return nil, err
	}
	return count(events, from, to), nil
}

// count counts calls by verb and resource. A watch that began before counts no more when it ends.
func count(events []auditv1.Event, from, to time.Time) []calls {
	type key struct{ verb, resource string }
	found, namespaces := map[key]*calls{}, map[key]map[string]bool{}
	seen := map[string]bool{}
	for i := range events {
		e := &events[i]
		at := e.RequestReceivedTimestamp.Time
		if at.Before(from) || at.After(to) || seen[string(e.AuditID)] {
			continue
		}
		seen[string(e.AuditID)] = true // a watch is noted at its begin and at its end
		k := key{e.Verb, resourceOf(e)}
		c := found[k]
		if c == nil {
			c = &calls{verb: k.verb, resource: k.resource}
			found[k], namespaces[k] = c, map[string]bool{}
		}
		c.number++
		if e.ResponseStatus != nil && e.ResponseStatus.Code >= 400 {
			c.failed++
		}
		if e.ObjectRef != nil && e.ObjectRef.Namespace != "" {
			namespaces[k][e.ObjectRef.Namespace] = true
		}
		c.namespaces = len(namespaces[k])
	}
	all := make([]calls, 0, len(found))
	for _, c := range found {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b calls) int {
		return cmp.Or(cmp.Compare(b.number, a.number), cmp.Compare(a.resource, b.resource), cmp.Compare(a.verb, b.verb))
	})
	return all
}

// resourceOf names what a call is about, as pods.metrics.k8s.io or deployments/scale.apps; its path where it is no object.
func resourceOf(e *auditv1.Event) string {
	o := e.ObjectRef
	if o == nil {
		return e.RequestURI
	}
	name := o.Resource
	if o.Subresource != "" {
		name += "/" + o.Subresource
	}
	if o.APIGroup != "" {
		name += "." + o.APIGroup
	}
	return name
}
