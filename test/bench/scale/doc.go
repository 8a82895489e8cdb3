// Package scale measures Crest beside a cluster that is large: what it keeps of tens of thousands of Pods, how long it
// takes from its start until it is ready, and what becomes of ten thousand workloads when Datadog dies.
//
//	pod.go, podstatus.go      a Pod as clusters have them: 5 kB, with an injected sidecar
//	workload.go               what stands around it: Deployment, HPA, namespace
//	population.go, store.go   all of them, written into etcd as the API server would
//	site.go                   control plane, metrics-server, Datadog's simulator, and one adapter
//	memory.go, start.go       the experiment "scale"
//	follower.go, follow/      its floors: programs that only follow the same objects
//	outage.go, sweep.go       the experiment "outage"
//	calls.go                  what the adapter asked the API server
//
// No controller and no node simulator runs: objects stay as they were written, and what is measured is alone with
// the API server, etcd and metrics-server.
package scale
