// Package collector is the loop: it gathers what the sources and the cluster
// say, decides for each selection which source is believed, and publishes the
// result as an immutable Snapshot.
//
// The write path is Tick(ctx, now), in the order gather, decide, act. It waits
// for Datadog only as long as a healthy one takes; a later answer is taken by a
// later Tick, and meanwhile metrics-server and the cluster are heard as always.
//
// The read path is Snapshot().Get(selection) and then Entry.Max,
// Entry.Containers or Entry.PodAverage: memory only, no lock, no network. What
// must be known at the moment of the read, such as the Pods that are Ready now,
// comes with the read as utilization.Scale.
//
// What is wanted is learned from the HPAs. Somebody who asks for anything else
// is a stranger: Enrol takes his selection in for ten minutes.
package collector
