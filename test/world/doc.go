// Package world says how busy every container of a cluster is.
//
// The nodes of the test cluster run nothing, so nothing uses CPU there. A
// [World] watches the cluster's Pods and invents the usage: each [Service]
// has a load in requests/s that is spread evenly over its Ready Pods, and each
// request costs every container of the Pod some CPU seconds. The loop is
// closed: when an autoscaler adds Pods, utilization falls.
//
// One world has several windows, so that all of them tell the same story:
//
//   - [World.Kubelet] is the kubelets' /metrics/resource, which the real
//     metrics-server scrapes;
//   - [World.Tracks] is the use of CPU over time, from which the simulator of
//     Datadog makes its series;
//   - [World.Truth] is what a test compares the answers with.
//
// Time is an argument of everything that thinks ([World.Step],
// [World.SetPod], [World.Tracks], [World.Truth]); only [World.Run] and
// the kubelets look at the clock.
package world
