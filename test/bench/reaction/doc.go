// Package reaction measures how long it takes from a container getting hot until the HPA has raised the replicas, on a
// real control plane with the intervals that users have: by Crest, with Datadog late by so much, and beside it by
// ContainerResource, with metrics-server.
//
// Buckets, collections, scrapes and the syncs of HPAs all have their periods, and what a jump costs depends on how they
// lie to each other. So jumps come at moments of every phase of them, HPAs are made at several moments of a sync, and
// several sites, each a control plane with a Crest, collect at several moments of a bucket.
//
//	plan.go      how many workloads, how late Datadog is
//	site.go      one control plane with workloads of all ways
//	subject.go   one workload: its load, its HPA, and what that HPA would read
//	bucket.go    which bucket of Datadog shows that a workload got hot
//	replicas.go  when which Deployment was told to have how many replicas
//	run.go       workloads rest, jump one after the other, and are watched
//	path.go      where the time of one jump went
//	table.go     all jumps of one way
package reaction
