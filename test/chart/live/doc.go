// Package live installs the chart on a real control plane with helm, as users do, and has the
// adapter run under exactly what the chart rendered: arguments, configuration, environment,
// Secrets, ServiceAccount token, probes, grace period. See test/cluster/pods for how.
//
// A cluster has one server of external metrics, so the tests follow one another.
package live
