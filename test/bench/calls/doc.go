// Package calls counts the calls that Crest makes to Datadog.
//
//	calls.go      the experiment: an hour each, with more and more workloads
//	life.go       Crest's loop, its Datadog client and the simulator, on a clock that is set forward
//	inventory.go  the workloads as the loop is told of them, and their Pod metrics
package calls
