// Package stage is everything at once: a real control plane, a world that
// knows how busy each container is, Datadog's simulator over that world, and
// the adapter between them. The demo, the end-to-end tests and the benchmarks
// play on it.
//
// Only usage and Datadog's API are simulated. Intervals are a second instead
// of half a minute, unless Options say otherwise; all that depends on them
// scales with them.
package stage
