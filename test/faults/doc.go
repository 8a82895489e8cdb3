// Package faults holds what docs/faults.md says to be true: that each test that
// the page names exists, that the page knows every fault that the harness can
// inject, and what the adapter's client makes of each fault of Datadog's
// simulator. It starts no cluster.
package faults
