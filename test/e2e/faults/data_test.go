package faults

import (
	"math"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
)

var data = map[string]row{
	"series in another order": {fault: datadogsim.Fault{Kind: datadogsim.Shuffled}},
	"series of foreign namespaces": {
		fault: datadogsim.Fault{Kind: datadogsim.Foreign},
	},
	"a newest bucket of nulls": {fault: datadogsim.Fault{Kind: datadogsim.NullTail}},
	"a Date that is off by an hour": {
		fault: datadogsim.Fault{Kind: datadogsim.DateShifted, Shift: time.Hour}, says: "Our clock and Datadog's differ; check the time of this node",
	},

	"not a number": {
		fault: datadogsim.Fault{Kind: datadogsim.Absurd, Value: math.NaN()}, then: callsFail, says: "Datadog's answer cannot be understood",
	},
	"infinity": {
		fault: datadogsim.Fault{Kind: datadogsim.Absurd, Value: math.Inf(1)}, then: callsFail, says: "Datadog's answer cannot be understood",
	},
	"negative values of all workloads": {
		fault: datadogsim.Fault{Kind: datadogsim.Absurd, Value: -1}, then: callsFail, says: "but no usable value between",
	},
	"enormous values of one workload": {
		fault: datadogsim.Fault{Kind: datadogsim.Absurd, Workload: "item", Value: 1e30}, then: dataAge, alone: true,
		says: "datadog: its answers hold nothing of this workload",
	},
	"series twice": {
		fault: datadogsim.Fault{Kind: datadogsim.Doubled, Workload: "item"}, then: callsFail, says: "it has two series for the avg of container",
	},
	"rows that are null": {
		fault: datadogsim.Fault{Kind: datadogsim.NullRows, Workload: "item"}, then: callsFail, says: "Datadog's answer cannot be understood",
	},
	"rows that are too long": {
		fault: datadogsim.Fault{Kind: datadogsim.RowsLong, Workload: "item"}, then: callsFail, says: "Datadog's answer cannot be believed: row",
	},
	"rows that are too short": {
		fault: datadogsim.Fault{Kind: datadogsim.RowsShort, Workload: "item"}, then: callsFail, says: "Datadog's answer cannot be believed: row",
	},
	"a row too few": {fault: datadogsim.Fault{Kind: datadogsim.RowsMissing}, then: callsFail, says: "rows of values for"},

	"a larger interval than was asked for": {
		fault: datadogsim.Fault{Kind: datadogsim.Coarser}, then: callsFail, says: "Datadog answered in buckets of 4s instead of 1s",
	},
	"times in seconds": {fault: datadogsim.Fault{Kind: datadogsim.TimesInSeconds}, then: callsFail, says: "is not in milliseconds since 1970"},
	"times of the future": {
		fault: datadogsim.Fault{Kind: datadogsim.TimesShifted, Shift: time.Hour}, then: callsFail, says: "have the agents stopped, or is a clock wrong?",
	},
	"times of the past": {
		fault: datadogsim.Fault{Kind: datadogsim.TimesShifted, Shift: -time.Hour}, then: callsFail, says: "have the agents stopped, or is a clock wrong?",
	},
}

func TestDatadogsData(t *testing.T) {
	t.Parallel()
	proxied.play(t, "item", "cart").run(t, data)
}
