// Package answers measures how fast Crest answers, beside the same API server library around a provider that returns
// a constant, on one control plane.
//
//	direct.go      an experiment: over the adapter's own HTTPS
//	aggregator.go  an experiment: through the real kube-apiserver and its aggregator
//	setting.go     the control plane, the workloads, and the two servers
//	workloads.go   what the questions are about
//	question.go    what is asked, and what makes an answer right
//	turns.go       two servers that are measured in turns
//	row.go         how they compare, and the tables that say so
//	registered.go  to which of the two the aggregator leads
package answers
