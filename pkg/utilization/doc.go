// Package utilization answers one question: how busy is a workload?
//
// It is pure: it imports the standard library only, reads no clock, logs
// nothing and calls nobody. Its input are Pods as Kubernetes knows them and
// usage as a source measured it; its output is a Reading, and from a Reading,
// through Guard, the Answer that a HorizontalPodAutoscaler gets.
//
// The path of a number:
//
//	[]Pod ─ ShapeOf ─► Shape          which containers count, their requests, what is left out and why
//	Usage (Datadog)  ─ Shape.FromMeans ─► Reading   max, each container, Pod average, oldest sample time
//	PodUsage (metrics-server) ─ Shape.FromPods ─► Reading
//	Reading ─ Skew ─► how far the Pod average is from the maximum
//	Measured, Scale ─ Guard ─► Answer  settle, rebase, hold
//
// A container's utilization is 100·Σusage/Σrequest over the workload's Pods,
// which is the HPA's own definition for a ContainerResource metric; it is never
// the mean of per-Pod ratios. A Pod counts when it is Running, Ready and not
// being deleted. What cannot be known is an error or a LeftOut, never a zero.
package utilization
