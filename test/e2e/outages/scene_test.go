package outages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
	"github.com/crest-hpa/crest/test/world"
)

// perPod is the load of one Pod at which its containers are as busy as busy
// says: its percents are then what one reads.
const perPod world.RPS = 100

// busy is the utilization of each container, in percent of its request, at
// perPod requests/s.
type busy map[string]float64

// atTarget is a Pod that an HPA with target 70 leaves alone. Its average is 43 %.
var atTarget = busy{"istio-proxy": 70, "app": 30}

// serve creates the workload, its load of perPod for each replica, and an HPA
// with target 70, and waits until Datadog's answer is the hottest container's.
func serve(t *testing.T, w stage.Workload, b busy, hottest string) stage.HPA {
	t.Helper()
	create(t, w, b)
	h := stage.HPA{For: w, Min: 2, Max: 12}
	if err := shared.ApplyHPA(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	awaitAnswer(t, through(w), reads("datadog", hottest, b[hottest]))
	return h
}

// create is serve without the HPA.
func create(t *testing.T, w stage.Workload, b busy) {
	t.Helper()
	cost := map[string]world.CPUSeconds{}
	for _, c := range w.Defaults().Containers {
		cost[c.Name] = world.CPUSeconds(b[c.Name] / 100 * c.Cores() / float64(perPod))
	}
	err := shared.World.SetService(world.Service{
		Namespace: w.Namespace, Name: w.Name, Selector: w.Labels(), Load: perPod * world.RPS(w.Replicas), Cost: cost,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shared.World.RemoveService(w.Namespace, w.Name) })
	if err := shared.Apply(t.Context(), w); err != nil {
		t.Fatal(err)
	}
}

// setLoad changes the load of the workload to perPod for so many Pods.
func setLoad(t *testing.T, w stage.Workload, pods float64) {
	t.Helper()
	if err := shared.World.SetLoad(w.Namespace, w.Name, perPod*world.RPS(pods)); err != nil {
		t.Fatal(err)
	}
}

// strike makes Datadog refuse connections until heal or the end of the test.
func strike(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { heal(t) })
	if err := shared.Datadog.SetFault(datadogsim.Fault{Kind: datadogsim.Refuse}); err != nil {
		t.Fatal(err)
	}
}

func heal(t *testing.T) {
	t.Helper()
	if err := shared.Datadog.ClearFaults(); err != nil {
		t.Fatal(err)
	}
}

// reader asks for the maximum of one workload.
type reader func(context.Context) stage.Answer

// through reads through the API server, as the HPA does.
func through(w stage.Workload) reader { return asking(w, w.Selector()) }

// asking is through with another selector.
func asking(w stage.Workload, selector string) reader {
	return func(ctx context.Context) stage.Answer {
		return shared.Read(ctx, w.Namespace, stage.Max, selector)
	}
}

// asAdmin speaks to an adapter itself, with a client certificate of the
// cluster's administrators: to verify it nobody needs to be asked.
func asAdmin(t *testing.T, a *cluster.Adapter, w stage.Workload) reader {
	t.Helper()
	return direct(t, adminConfig(a), w, false)
}

// connecting is asAdmin with a new connection for each question.
func connecting(t *testing.T, a *cluster.Adapter, w stage.Workload) reader {
	t.Helper()
	return direct(t, adminConfig(a), w, true)
}

func adminConfig(a *cluster.Adapter) *rest.Config {
	admin, config := shared.Cluster.Admin(), a.RESTConfig("")
	config.CertData, config.KeyData = admin.CertData, admin.KeyData
	return config
}

// direct speaks to an adapter itself, over one connection or many. The
// transports that client-go would make are shared.
func direct(t *testing.T, config *rest.Config, w stage.Workload, many bool) reader {
	t.Helper()
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: tlsConfig, ForceAttemptHTTP2: !many, DisableKeepAlives: many}
	t.Cleanup(transport.CloseIdleConnections)
	wrapped, err := rest.HTTPWrappersForConfig(config, transport)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfigAndClient(config, &http.Client{Transport: wrapped})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context) stage.Answer {
		return stage.ReadFrom(ctx, client.RESTClient(), w.Namespace, stage.Max, w.Selector())
	}
}

// watch asks so often until the end of the test.
func watch(t *testing.T, every time.Duration, ask reader) *stage.Watch {
	t.Helper()
	seen := stage.Repeat(t.Context(), every, ask)
	t.Cleanup(seen.Stop)
	return seen
}

// noneFailed stops a watch and reports every answer of it that held no value.
func noneFailed(t *testing.T, seen *stage.Watch) {
	t.Helper()
	seen.Stop()
	if len(seen.Answers()) == 0 {
		t.Error("nothing was read")
	}
	for _, a := range seen.Failed() {
		t.Errorf("at %s: %s", a.At.Format("15:04:05.000"), a)
	}
}

// codes counts the answers of a watch by their HTTP status.
func codes(seen *stage.Watch) map[int]int {
	count := map[int]int{}
	for _, a := range seen.Answers() {
		count[a.Code]++
	}
	return count
}

// awaitAnswer asks until the answer is as wanted.
func awaitAnswer(t *testing.T, ask reader, want func(stage.Answer) error) stage.Answer {
	t.Helper()
	var answer stage.Answer
	eventually(t, "the answer is as wanted", func() error {
		answer = ask(t.Context())
		if err := want(answer); err != nil {
			return fmt.Errorf("%w; the answer is %s", err, answer)
		}
		return nil
	})
	t.Log(answer)
	return answer
}

// reads wants a value of a container as a source measured it, give or take two
// percent points.
func reads(source, container string, value float64) func(stage.Answer) error {
	return func(a stage.Answer) error {
		if !a.OK() {
			return errors.New("there is no value")
		}
		if a.Label("source") != source || a.Label("container") != container {
			return fmt.Errorf("want %q from %q", container, source)
		}
		if a.Label("adjusted") != "" {
			return errors.New("want it as measured")
		}
		return within("the value", a.Value(), value, 2)
	}
}

// held wants the target from metrics-server, for a reason.
func held(reason string) func(stage.Answer) error {
	return func(a stage.Answer) error {
		if a.Label("source") != "metrics-server" || a.Label("adjusted") != "held" || a.Label("reason") != reason {
			return fmt.Errorf("want a value from metrics-server that is held because of %s", reason)
		}
		return within("the value", a.Value(), 70, 0)
	}
}

// fails wants an error with a code that says all of this.
func fails(code int, says ...string) func(stage.Answer) error {
	return func(a stage.Answer) error {
		if a.Code != code {
			return fmt.Errorf("want a %d", code)
		}
		return saysAll(a.Message, says...)
	}
}
