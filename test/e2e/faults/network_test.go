package faults

import (
	"strings"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

var network = map[string]row{
	"it refuses connections": {
		fault: datadogsim.Fault{Kind: datadogsim.Refuse}, then: callsFail, calls: storm, says: "check datadog.url, HTTPS_PROXY and egress policy",
	},
	"it accepts and never answers": {
		fault: datadogsim.Fault{Kind: datadogsim.Hang}, then: callsFail, calls: storm, says: "did not answer within datadog.timeout, 1s",
	},
	"it answers after 30 s": {
		fault: datadogsim.Fault{Kind: datadogsim.Slow, Delay: 30 * time.Second}, then: callsFail, says: "did not answer within datadog.timeout, 1s",
	},
	"it answers after a fifth of the timeout": {fault: datadogsim.Fault{Kind: datadogsim.Slow, Delay: timeout / 5}},
	"it resets the connection in the body": {
		fault: datadogsim.Fault{Kind: datadogsim.Reset}, then: callsFail, says: "the connection to Datadog",
	},
}

func TestDatadogsNetwork(t *testing.T) {
	t.Parallel()
	direct.play(t, "item", "cart").run(t, network)
}

// onTheWay are the faults of what lies between.
var onTheWay = map[string]row{
	"the proxy refuses connections":       {way: refuses, then: callsFail, says: "check datadog.url, HTTPS_PROXY and egress policy"},
	"the proxy wants a password":          {way: wantsPassword, then: callsFail, says: "Proxy Authentication Required): check the network, HTTPS_PROXY"},
	"the proxy cannot reach the site":     {way: cannotReach, then: callsFail, says: "Bad Gateway): check the network, HTTPS_PROXY"},
	"the proxy never answers":             {way: hangs, then: callsFail, says: "or egress is blocked"},
	"the proxy hangs up":                  {way: hangsUp, then: callsFail, says: "check the network, HTTPS_PROXY"},
	"the gateway forgets its connections": {way: forgets, code: "timeout"},
	"the certificate is of nobody":        {way: unknown, then: callsFail, says: "Crest must trust the proxy's CA (SSL_CERT_FILE)"},
	"the certificate has expired":         {way: expired, then: callsFail, says: "certificate has expired"},
	"the certificate is of another name":  {way: ofAnother, then: callsFail, says: "certificate is valid for api.other.example, not api." + site},
}

func TestTheWayToDatadog(t *testing.T) {
	t.Parallel()
	proxied.play(t, "item", "cart").run(t, onTheWay)
}

// unresolvable is a site whose name no resolver finds, wherever the tests run:
// a label of a name ends at 63 characters.
var unresolvable = strings.Repeat("x", 64) + ".example"

// A process reads names from the machine's files and resolvers only, so this is
// a start with a site that does not resolve.
func TestASiteThatDoesNotResolve(t *testing.T) {
	t.Parallel()
	c := direct.play(t, "item")
	item := c.workloads[0]
	generation := c.generation(t, item)
	logged := len(c.Adapter.Logs())
	c.Configure(t, stage.Config{Datadog: map[string]any{"url": "", "site": unresolvable}})
	began := time.Now()
	seen := scene.Watch(t, every, c.Maximum(item))

	// A start holds until a source has been good for long enough; then the
	// fallback holds, for it does not know the skew.
	for _, reason := range []string{"Starting", "FallbackScaleDown"} {
		held := scene.All(scene.Reads("metrics-server", 70, 0), scene.Adjusted("held", reason, average, off))
		scene.AwaitAnswer(t, c.Maximum(item), held)
	}
	scene.Eventually(t, "the HPA has read it", func() error { return c.HPAReads(t, item, 70, 0) })
	scene.NoneFailed(t, seen)
	says := "the name of Datadog's API, api." + unresolvable + ", does not resolve"
	if err := scene.SaysAll(c.Adapter.Logs()[logged:], says, "check datadog.site, the cluster's DNS and its egress policy"); err != nil {
		t.Error(err)
	}
	if c.generation(t, item) != generation {
		t.Error("the replicas have changed, though the load has not")
	}
	calls := int(c.Metrics(t).Sum("crest_datadog_requests_total", map[string]string{"code": "dns"}))
	allowed := row{then: callsFail}.allowed(time.Since(began) + slack) // it began before it was ready
	t.Logf("measured: %d calls, %d are allowed", calls, allowed)
	if calls < 3 || calls > allowed {
		t.Errorf("%d calls have failed because of the name, want 3 to %d", calls, allowed)
	}
}
