package scale

import (
	"fmt"
	"strings"
	"time"

	"github.com/crest-hpa/crest/test/bench/report"
)

// result is what the page says. settings are those of Go's runtime in Crest, constant is the floor without a cluster.
func result(all []measured, settings string, constant int64) report.Result {
	r := report.Result{Tables: []report.Table{memoryTable(all, settings, constant), growthTable(all), startTable(all)}}
	for _, m := range all {
		what := fmt.Sprintf("memory at %d workloads with %d Pods", m.workloads, m.pods())
		r.Goals = append(r.Goals,
			report.AtMost(what, float64(m.crest.resident)/mebibyte, m.atMost, " MiB"),
			report.AtMost("its peak, from the start on", float64(m.crest.peak)/float64(m.crest.resident), 2, "×"))
	}
	for _, m := range all {
		r.Goals = append(r.Goals, report.AtMost(fmt.Sprintf("start to ready with %d Pods, of informers' sync alone", m.pods()),
			m.starts.ratio(), 1.2, "×"))
	}
	return r
}

func memoryTable(all []measured, settings string, constant int64) report.Table {
	t := report.Table{
		Caption: fmt.Sprintf("Memory in MiB, resident after two garbage collections once Datadog has answered for every workload; "+
			"the peak is since the start. A Pod is %.1f kB as the API server tells it and has 2 or 3 containers; %s. The floors: the API server library around a constant; "+
			"a program that only follows Pods and HPAs and keeps what Crest uses of them, or keeps them whole.", all[0].podBytes/1000, settings),
		Columns: []string{"workloads", "Pods", "Crest", "its peak", "its heap", "constant provider", "only what is used", "whole objects"},
	}
	for _, m := range all {
		t.Add(m.workloads, m.pods(), mib(m.crest.resident), mib(m.crest.peak), mib(m.crest.heap), mib(constant), mib(m.used), mib(m.all))
	}
	return t
}

// growthTable is what one Pod more costs, with its share of a workload.
func growthTable(all []measured) report.Table {
	t := report.Table{
		Caption: "What a Pod costs, in kB: the slope between the two sizes, with the tenth of a workload and of its HPA that comes with it.",
		Columns: []string{"resident", "heap", "only what is used", "whole objects"},
	}
	first, last := all[0], all[len(all)-1]
	kB := func(a, b float64) string { return fmt.Sprintf("%.1f", (b-a)/float64(last.pods()-first.pods())/1000) }
	t.Add(kB(float64(first.crest.resident), float64(last.crest.resident)), kB(first.crest.heap, last.crest.heap),
		kB(float64(first.used), float64(last.used)), kB(float64(first.all), float64(last.all)))
	return t
}

func startTable(all []measured) report.Table {
	t := report.Table{
		Caption: "From the start of the process until /readyz answers 200, the median and each start; beside it, in turn, a process whose " +
			"informers list the same Pods and HPAs whole. Crest's includes its first collection, that is, what Datadog's simulator took. " +
			"The last column: until every workload was answered, which takes one read of its scale each.",
		Columns: []string{"Pods", "Crest", "each", "Datadog's share", "informers alone", "each", "ratio", "peak when ready, MiB", "that of informers", "all answered"},
	}
	for _, m := range all {
		s := m.starts
		t.Add(m.pods(), report.Duration(median(s.crest)), list(s.crest), report.Duration(median(s.datadog)), report.Duration(median(s.floor)), list(s.floor),
			fmt.Sprintf("%.2f×", s.ratio()), mib(s.peak), mib(s.floorPeak), report.Duration(m.known))
	}
	return t
}

// ratio is Crest's median by that of its floor.
func (s starts) ratio() float64 { return median(s.crest).Seconds() / median(s.floor).Seconds() }

func list(all []time.Duration) string {
	words := make([]string, 0, len(all))
	for _, d := range all {
		words = append(words, report.Duration(d))
	}
	return strings.Join(words, ", ")
}
