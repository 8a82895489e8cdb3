// Package datadog asks Datadog how much CPU the containers of workloads use.
//
// It is the only package that knows the Datadog client. A collection is a
// handful of calls, however many HPAs there are:
//
//	[]Workload ─ split ─► batches of at most maxWorkloadsPerQuery
//	batch ─ Scope.Ask ─► Query     the text, the window, what was asked   (pure)
//	Query.Body ─ call ─► answer    POST /api/v2/query/timeseries          (the edge)
//	answer ─ Query.Decode ─► []Usage a container a workload               (pure, fuzzed)
//
// For each kind of workload one query asks for the mean over Pods (avg:) and a
// second one, in the same POST, for the sum (sum:); sum/avg is the number of
// Pods that reported. There are no formulas: Datadog counts a missing operand
// as 0 in formula arithmetic, and 0 is an idle container.
//
// A service that fails does so in many ways, and a 200 is several of them: an
// error text beside the data, numbers as strings, rows that do not match the
// series, times in seconds, buckets of another width than asked. Decode trusts
// none of it. What cannot be believed is an [Error] with a [Code]; what is
// merely missing is absent from the result; nothing is ever made up.
//
// The rate limits of Datadog are per organization and announced only in the
// headers of its answers. [Client.Pace] turns them into an interval, so that
// Crest slows down before it is refused and leaves the last tenth to others.
//
// This package reads no clock and no environment. Time is an argument; what
// passes meanwhile is measured by the clock in the Options.
package datadog
