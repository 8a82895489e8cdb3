// Package e2e shows on a real control plane that Crest does what it promises:
// a real HPA controller reads a real aggregated API server, whose sources are
// the real metrics-server and Datadog's simulator. Its tests share one stage.
//
// Tests that change what all of them see (the adapter's configuration, faults
// of a source) are serial; the others call t.Parallel and have a namespace of
// their own.
package e2e
