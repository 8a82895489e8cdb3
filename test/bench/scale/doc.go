// Package scale measures Crest beside a cluster that is large: what it keeps of tens of thousands of Pods, how long it
// takes from its start until it is ready, and what becomes of ten thousand workloads when Datadog dies.
//
//	pod.go, podstatus.go      a Pod as clusters have them, with an injected sidecar
//	workload.go               what stands around it: Deployment, HPA, namespace
//	population.go, store.go   all of them, written into etcd as the API server would
//	site.go, deployed.go      control plane, metrics-server, Datadog's simulator, and one adapter as deploy/ runs it
//	scale.go                  the experiment "scale": memory.go and start.go at two sizes, result.go their tables
//	floor.go, follower.go     its floors: a provider of constants, and programs that only follow the same objects (follow/)
//	outage.go                 the experiment "outage": sweep.go reads all workloads, calls.go what the API server was asked
//
// No controller and no node simulator runs: objects stay as they were written, and what is measured is alone with
// the API server, etcd and metrics-server.
package scale
