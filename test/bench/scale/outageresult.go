package scale

import (
	"fmt"

	"github.com/crest-hpa/crest/test/bench/report"
)

func (f *fallen) result(workloads, pods int) report.Result {
	all, recognized := f.last.Sub(f.first), f.first.Sub(f.fault)
	moments := report.Table{
		Caption: fmt.Sprintf("From the moment at which Datadog refuses connections, with %d workloads in %d namespaces, %d Pods, and the default intervals. "+
			"Recognized is the first answer from metrics-server; all is when a sweep over the workloads, %d questions at a time, found nothing else, "+
			"and so up to the length of a sweep too late. Crest's CPU time and peak are since the fault, with those answers.",
			workloads, min(workloads, namespaces), pods, readers),
		Columns: []string{
			"recognized", "all from metrics-server", "from recognition to all", "a sweep takes", "answers meanwhile", "without a value", "CPU of Crest", "its peak, MiB",
		},
	}
	moments.Add(report.Duration(recognized), report.Duration(f.last.Sub(f.fault)), report.Duration(all), report.Duration(f.sweep),
		f.answers, f.without, report.Duration(f.cpu), mib(f.peak))
	asked := report.Table{
		Caption: "What Crest asked the API server, from its audit log: until all were answered by metrics-server, and in the minute after.",
		Columns: []string{"verb", "resource", "until then", "of namespaces", "failed", "the minute after"},
	}
	lists := 0
	for _, c := range merge(f.calls, f.steady) {
		asked.Add(c.before.verb, c.before.resource, c.before.number, c.before.namespaces, c.before.failed, c.after)
		if c.before.resource == podMetrics {
			lists = c.before.number
		}
	}
	// One round when the first call fails, one an interval from then on, and one that was due anyway.
	rounds := float64(f.last.Sub(f.fault)/interval + 2)
	return report.Result{
		Tables: []report.Table{moments, asked},
		Goals: []report.Goal{
			report.AtMost("from the fault until an outage is recognized", recognized.Seconds(), recognizedWithin.Seconds(), " s"),
			report.AtMost(fmt.Sprintf("from then until all %d workloads are answered", workloads), all.Seconds(), interval.Seconds(), " s"),
			report.AtMost("answers without a value meanwhile", float64(f.without), 0, ""),
			report.AtMost("LISTs of PodMetrics until then: one a namespace and round", float64(lists), rounds*namespaces, ""),
		},
	}
}

// podMetrics is what metrics-server is asked for.
const podMetrics = "pods.metrics.k8s.io"

// twice is a sort of calls in two spans of time.
type twice struct {
	before calls
	after  int
}

// merge has each sort of calls once, in the order of the first span.
func merge(before, after []calls) []twice {
	var all []twice
	at := map[[2]string]int{}
	for _, c := range before {
		at[[2]string{c.verb, c.resource}] = len(all)
		all = append(all, twice{before: c})
	}
	for _, c := range after {
		i, known := at[[2]string{c.verb, c.resource}]
		if !known {
			i = len(all)
			all = append(all, twice{before: calls{verb: c.verb, resource: c.resource}})
		}
		all[i].after = c.number
	}
	return all
}
