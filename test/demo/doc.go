// Command demo tells a story on a real control plane: two Deployments behind
// istio-proxy, their HPAs on max_container_cpu_utilization, and an outage of
// Datadog in the middle.
//
// The load, the CPU usage and Datadog's API are simulated; the API server, the
// scheduler, the HPA controller, metrics-server and the adapter are real. The
// objects are the files in manifests/.
//
//	shop.go    the two services, and what a request costs them
//	steps.go   the story, a function a step
//	story.go   how a step waits, watches and checks
//	sample.go  what is seen at one moment
//	print.go   the table; check.go the checks; summary.go and plot.go what is left
//
// Each step is checked, and the exit code says whether all of it held.
package main
