// Package scene is what the end-to-end tests have in common: a stage that the
// tests of a package share, workloads with a load that one can reckon with, and
// the words in which a test says what it waits for and what an HPA is to see.
//
//	scene.go     the stage of a package, and its TestMain
//	namespace.go a namespace for each test, and what is logged when one fails
//	wait.go      a condition, waited for or watched
//	workload.go  workloads, their load and their replicas
//	hpa.go       HPAs, and what stands in them
//	answer.go    who reads which metric, and what is wanted of an answer
//	direct.go    who reads past the API server
//	watch.go     a reader who goes on through a whole test
//	fault.go     sources that are taken away and given back
//	metrics.go   the adapter's own metrics
//
// Whoever uses a method ends the test where it cannot do what it says.
package scene
