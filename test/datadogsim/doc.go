// Package datadogsim is a simulator of Datadog's
//
//	POST /api/v2/query/timeseries
//
// over a [World]: it answers metric queries as the service does, from what the
// node agents of an invented cluster have measured. A request passes through
//
//	serve.go    keys, rate limit, log; the faults that strike the transport
//	request.go  JSON in: the shape of a request, and the metric queries in it
//	source.go   one series of the agents: tags, and points that are visible now
//	rollup.go   points of one series → buckets aligned to the clock
//	evaluate.go filter, group, aggregate in space → rows
//	damage.go   the faults that strike the data
//	encode.go   JSON out
//
// Like the real one it is late: a point is visible only once it is older than
// the lag, which differs a little from host to host, so that the newest bucket
// is incomplete. And it can be told to fail in every way that clients have to
// survive: see [Fault].
//
// What it leaves out: formulas (but for the plain name of a query), metrics
// other than those in metrics.go, and the limits of an organization besides
// the rate limit.
package datadogsim
