package utilization

import "time"

// Pod is what Kubernetes knows of one Pod of a workload.
type Pod struct {
	Name string
	// Running is phase Running; Ready is condition Ready; Deleting is a
	// deletion timestamp.
	Running, Ready, Deleting bool
	// Started is status.startTime, or the creation where that is missing.
	Started time.Time
	// ReadySince is when the Ready condition last became true; zero while
	// the Pod is not Ready.
	ReadySince time.Time
	// Waiting says, while the Pod is not Ready, what it waits for, such as
	// "Unschedulable", "app: CrashLoopBackOff" or "readiness probe of app".
	Waiting string
	// Containers are spec.containers and the init containers whose
	// restartPolicy is Always (native sidecars), in no special order.
	// Ordinary init containers and ephemeral ones are not among them.
	Containers []Container
}

// Counts says that the Pod is Running, Ready and not being deleted.
func (p *Pod) Counts() bool { return p.Running && p.Ready && !p.Deleting }

// Container is one container of a Pod.
type Container struct {
	Name string
	// Request is the CPU request that is in force: the actual one of
	// status.containerStatuses where the kubelet reports it, else that of
	// the spec; 0 is none. Pod-level resources give a container none.
	Request Nanocores
}

// Usage is the mean CPU usage of one container over the Pods of a workload
// that reported it, in one bucket of time.
type Usage struct {
	// Span is that of the bucket, never nil, never written to: all containers of
	// all workloads in an answer share it.
	*Span
	// Mean is the mean over Pods.
	Mean Nanocores
	// Pods is how many Pods reported in this bucket.
	Pods int
}

// PodUsage is the CPU usage of each container of one Pod.
type PodUsage struct {
	Span
	Pod        string
	Containers map[string]Nanocores
}

// Batch is what one call to a source of means brought: the workloads that it
// was asked about and, for each that it had something for, the buckets of each
// container, oldest first. With Err set there is no Usage, and all Workloads
// of the batch have failed together.
type Batch struct {
	Workloads []Workload
	Usage     map[Workload]map[string][]Usage
	Err       error
	// Empty says of a failure that the source answered, but has nothing about
	// any of the Workloads: they may be asleep, or asked for in a wrong way.
	Empty bool
}

// NamespaceUsage is what one call to a source of Pod metrics brought: all Pods
// of a namespace by name, or why there are none.
type NamespaceUsage struct {
	Pods map[string]PodUsage
	Err  error
}
