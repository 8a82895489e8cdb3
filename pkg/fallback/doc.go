// Package fallback answers one question: which source do we believe?
//
// There is one State a selection, that is, a workload with the containers that
// a selector picks. After every collection, Policy.Next folds what happened to
// the two sources (Health) into the State and decides who answers; the Reason
// it returns is the log key, the Event, the metric's label and what tests
// assert. At every read, Policy.Serve checks once more that the sample of the
// source that answers is still fresh.
//
//	None ──(first good)──► Datadog ──(stale, or failed failureThreshold times)──► MetricsServer
//	  ▲                       ▲                                                       │
//	  │                       └──(recoveryThreshold good ones in a row, ≤ maxAge/2 old)┤
//	  └────────────────────────────────(neither is usable)────────────────────────────┘
//
// The words: a collection fails as a call (transport, status, undecodable,
// empty). A selection that is missing from a good answer has not failed: its
// last sample only ages. A source is good for a selection when it brought a
// sample newer than the one before, complete, and at most its maxAge old. A
// sample is fresh while it is at most its maxAge old.
//
// It is pure: it imports the standard library only, and time is an argument.
// A Datadog that answers 429 for two minutes: the first failure changes
// nothing, the last sample serves, metrics-server is read from now on; the
// second one makes it answer (DatadogFailing); when the 429s end, the second
// good collection makes Datadog answer again (DatadogRecovered).
package fallback
