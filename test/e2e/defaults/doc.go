// Package defaults runs the adapter and the HPA controller at the intervals
// that users have: Datadog every 30 s, the HPA every 15 s, metrics-server every
// 15 s. One test plays spikes of load, the others break things: one fault of
// each kind. What does not depend on the real intervals is in package e2e and
// below it.
//
// Each test has a control plane of its own, and they run side by side: all of
// it takes about 17 minutes, most of which is waiting.
package defaults
