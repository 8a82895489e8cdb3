// Package app is the adapter as a value: Options, New, Run.
//
// It is wiring and nothing else, and the only package that imports all others:
//
//	configuration file, flags, environment ─► Options of each package
//	inventory, datadog, resourcemetrics ─► collector ─► provider ─► the API server library
//
// The generic API server with its flags, its delegated authentication and
// authorization, comes from custom-metrics-apiserver and lives in library.go;
// nothing else knows of it.
package app
