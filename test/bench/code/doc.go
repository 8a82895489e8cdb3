// Package code runs the Go benchmarks that stand beside the product's code, each beside its floor: a read of the
// external metrics API, a look-up in a snapshot, the decoding of an answer of Datadog.
//
//	run.go      the test binaries of the product's packages, built once and run in turns
//	sample.go   what the benchmarks print → samples
//	code.go     the experiment
package code
