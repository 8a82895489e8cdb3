package faults

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
)

func status(code int) datadogsim.Fault {
	return datadogsim.Fault{Kind: datadogsim.Status, Code: code}
}

var answers = map[string]row{
	"a redirect": {fault: status(302), then: callsFail, says: "is not followed, because the keys would be; check datadog.site and datadog.url"},

	"401": {fault: status(401), then: callsFail, says: "a key is wrong or of another site than"},
	"403": {fault: status(403), then: callsFail, calls: storm, says: "a key is wrong or of another site than"},
	"422": {fault: status(422), then: callsFail, says: "it has no data for the query; is datadog.clusterName right"},
	"500": {fault: status(500), then: callsFail, calls: storm, says: "the fault is Datadog's or a proxy's"},
	"502 with a page of HTML": {
		fault: datadogsim.Fault{Kind: datadogsim.Status, Code: 502, Body: datadogsim.Page}, then: callsFail, says: "the fault is Datadog's or a proxy's",
	},
	"503": {fault: status(503), then: callsFail, says: "the fault is Datadog's or a proxy's"},
	"429 that does not say when": {
		fault: status(429), then: callsFail, says: "is used up and says not when it resets; raise datadog.interval",
	},
	"429 until in 3 s": {
		fault: datadogsim.Fault{Kind: datadogsim.Status, Code: 429, Delay: 3 * time.Second}, then: callsFail,
		says: "is used up and resets in 3s; raise datadog.interval",
	},
	// There is no second call, and so no second failure, before the sample is too old.
	"429 until later than a sample is believed": {
		fault: datadogsim.Fault{Kind: datadogsim.Status, Code: 429, Delay: maxAge + 4*time.Second}, then: callsFail, calls: 1,
		says: "is used up and resets in 14s; raise datadog.interval",
	},
	// 15 collections would be due in 15 s, and nine calls may be made.
	"a rate limit that is too small for the interval": {
		limit: datadogsim.RateLimit{Name: limit.Name, Limit: 10, Period: 15 * time.Second}, calls: 10,
		says: "Datadog's rate limit is too low for the interval; asking less often",
	},

	"an error in place of the data": {
		fault: datadogsim.Fault{Kind: datadogsim.ErrorsString}, then: callsFail, says: `Datadog answered 200, but with an error: \"Query timed out\"`,
	},
	"an error beside the data": {
		fault: datadogsim.Fault{Kind: datadogsim.ErrorsBesideData}, then: callsFail, says: `Datadog answered 200, but with an error: \"Query timed out\"`,
	},
	"a list of errors": {
		fault: datadogsim.Fault{Kind: datadogsim.ErrorsArray}, then: callsFail, says: `Datadog answered 200, but with an error: \"Query timed out\"`,
	},
	"numbers as strings": {
		fault: datadogsim.Fault{Kind: datadogsim.NumbersAsStrings}, then: callsFail, says: "Datadog's answer cannot be understood",
	},
	"null in place of the data": {
		fault: datadogsim.Fault{Kind: datadogsim.NullData}, then: callsFail, says: "Datadog's answer cannot be believed: it has no data",
	},
	"204": {fault: datadogsim.Fault{Kind: datadogsim.NoContent}, then: callsFail, says: "that is no answer to a query"},
	"a page of HTML": {
		fault: datadogsim.Fault{Kind: datadogsim.HTMLPage}, then: callsFail, says: "it is a page of HTML, as a proxy or a login sends it",
	},
	"JSON that is cut off": {fault: datadogsim.Fault{Kind: datadogsim.Truncated}, then: callsFail, says: "it is cut off after"},
	"200 MB": {
		fault: datadogsim.Fault{Kind: datadogsim.Huge, Size: 200 << 20}, then: callsFail, says: "Datadog's answer is larger than 64 MiB",
	},
	"no series at all": {
		fault: datadogsim.Fault{Kind: datadogsim.Empty}, then: callsFail, says: "Datadog has no series of kubernetes.cpu.usage.total for kube_cluster_name:stage",
	},
}

func TestDatadogsAnswers(t *testing.T) {
	t.Parallel()
	direct.play(t, "item", "cart").run(t, answers)
}
