// Package controller measures the real HPA controller, with the flags that it has by default, while hundreds of HPAs
// read Crest, and beside it while they read metrics-server by ContainerResource.
//
//	plan.go       how many HPAs of which kind, and for how long
//	herd.go       workloads that rest at their target, and their HPAs
//	run.go        one kind after the other, on one control plane
//	metrics.go    what a process says of itself at /metrics
//	histogram.go  a histogram of Prometheus between two readings
//	slice.go      what the controller did in a time
//	table.go      what is reported of it
package controller
