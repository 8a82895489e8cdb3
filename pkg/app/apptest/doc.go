// Package apptest is what an adapter under test talks to: a Kubernetes API
// server that knows just what the adapter asks, and a Datadog. Both are real
// HTTP servers on the loopback interface. The end-to-end tests run the adapter
// against the real ones.
package apptest
