// Package provider answers external.metrics.k8s.io: it is what a
// HorizontalPodAutoscaler and kubectl get --raw talk to.
//
// The path of a read, all of it in memory:
//
//	metric, namespace, selector ─ Grammar.Parse ─► utilization.Selection
//	  ─ Snapshot.Get ─► Entry            (absent: Enrol, at most 3 s, and Get again)
//	  ─ Entry.Max, Containers, PodAverage ─► []Answer or an error
//	  ─► items, or a Status whose message the HPA prints verbatim
//
// It is an edge. It knows neither the collector nor the inventory: it declares
// the interfaces that it needs of them. Errors become API errors here and
// nowhere else, and none of them is a 500 or carries Retry-After, which
// client-go would obey inside the HPA's worker.
package provider
