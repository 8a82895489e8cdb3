// Package soak plays a random schedule of faults against the whole system and
// checks all along that it keeps answering rightly.
//
//	schedule.go, streams.go, datadogfaults.go   a seed → steps (pure)
//	perform.go, run.go                          the steps, done to a stage
//	watch.go, scrape.go, bounds.go              what happens meanwhile → a [Record]
//	check*.go                                   a Record → [Violation]s (pure)
//	summary.go                                  what a person reads at the end
//
// The same seed gives the same steps, whatever the duration: a longer run
// begins as the shorter one did. How the machine takes them is not repeated,
// so a violation that depends on timing may need more than one replay.
package soak
