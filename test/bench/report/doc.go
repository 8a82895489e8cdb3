// Package report is how the benchmarks tell what they measured: tables, and goals that were reached or not.
//
//	result.go  what one experiment found
//	run.go     experiments, one after the other, and what they found kept on disk
//	page.go    docs/performance.md: what people wrote, with what was measured in between
package report
