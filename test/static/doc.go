// Package static holds the module of checks whose libraries do not go together with Kubernetes' own versions:
// the types of the Prometheus operator and of cert-manager, for what the chart renders of their kinds, and
// the linter of Docker's builder, for the Dockerfile. None of it needs a cluster, a builder or the network.
package static
