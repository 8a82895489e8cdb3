// Package resourcemetrics reads the CPU usage of Pods from metrics.k8s.io, that
// is, from metrics-server or any other server of that API.
//
// It is an edge: one LIST a namespace, each of which fails on its own, with an
// error that says what is wrong and what to do. It retries nothing; the caller
// asks again when it is time. Decoding is pure.
package resourcemetrics
