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
//	  │                       ├──(recoveryThreshold good ones in a row, ≤ maxAge/2 old)┤
//	  │                       └──(first good, if Datadog has never answered)───────────┤
//	  └────────────────────────────────(neither is usable)────────────────────────────┘
//
// The words: a collection fails as a call (transport, status, undecodable,
// empty). A selection that is missing from a good answer has not failed: its
// last sample only ages. A source is good for a selection when it brought a
// sample newer than the one before, complete, and at most its maxAge old. A
// sample is fresh while it is at most its maxAge old.
//
// Datadog is met once: a selection that it has never answered for needs one
// good collection, however late its data are, whatever metrics-server answers
// for until then.
//
// It is pure: it imports the standard library only, and time is an argument.
//
// A Datadog that answers 429 for two minutes: the first failure changes
// nothing, the last sample serves, metrics-server is read from now on. What
// comes next depends on when the 429 allows another call (X-RateLimit-Reset):
//
//   - Soon: a second failure makes metrics-server answer (DatadogFailing). When
//     the 429s end, the second good collection makes Datadog answer again
//     (DatadogRecovered).
//   - After the two minutes: there is no second call, and so no second failure.
//     The sample ages, and serves for as long as it is at most maxAge old. If
//     the call that is allowed in the end comes before that and is good, nothing
//     has changed; else metrics-server answers from that moment on
//     (DatadogFailing, since the last call did), until the second good one.
//
// Where the rate limit is used up before Datadog refuses a call, nothing fails
// at all, and a sample that gets too old is DatadogStale.
package fallback
