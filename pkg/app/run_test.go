package app_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/crest-hpa/crest/pkg/app"
	"github.com/crest-hpa/crest/pkg/app/apptest"
	"github.com/crest-hpa/crest/pkg/provider"
)

const group = "/apis/external.metrics.k8s.io/v1beta1"

// patience is how long a test waits for something that takes a second or two.
const patience = 30 * time.Second

// withoutDatadog is a configuration that answers quickly; clause may change it.
const withoutDatadog = `
apiVersion: crest/v1alpha1
kind: AdapterConfiguration
shutdownDelay: 1s
datadog: {enabled: false}
fallback: {interval: 1s}
`

// adapter is one that runs.
type adapter struct {
	t      testing.TB
	app    *app.App
	client *http.Client
	stop   context.CancelFunc
	ended  chan error
}

// options are those of an adapter with this configuration file, on a free port,
// and with more flags.
func options(t testing.TB, kubeconfig, configuration string, more ...string) *app.Options {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	o := app.NewOptions()
	o.Version = "v1.2.3"
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	o.AddFlags(flags)
	args := []string{"--config", file, "--kubeconfig", kubeconfig, "--secure-port=0", "--bind-address=127.0.0.1"}
	if err := flags.Parse(append(args, more...)); err != nil {
		t.Fatal(err)
	}
	return o
}

// start runs an adapter until the test ends, or stops it.
func start(t testing.TB, o *app.Options) *adapter {
	t.Helper()
	made, err := app.New(o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	a := &adapter{
		t: t, app: made, stop: stop, ended: make(chan error, 1),
		client: &http.Client{
			Timeout:   patience,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
		},
	}
	go func() { a.ended <- made.Run(ctx) }()
	t.Cleanup(func() {
		if err := a.wait(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return a
}

// wait stops the adapter and returns what Run returned.
func (a *adapter) wait() error {
	a.stop()
	err := <-a.ended
	a.ended <- err // for whoever waits again
	return err
}

// in is the adapter as a subtest waits for it.
func (a *adapter) in(t testing.TB) *adapter {
	b := *a
	b.t = t
	return &b
}

// listening waits for the address.
func (a *adapter) listening() {
	a.t.Helper()
	a.eventually("listen", func() bool { return a.app.Addr() != nil })
}

// ready waits until the adapter says that it is.
func (a *adapter) ready() {
	a.t.Helper()
	a.listening()
	a.eventually("be ready", func() bool { return a.get("", "/readyz").code == http.StatusOK })
}

// answering waits until the adapter has answered for a workload that an HPA
// names. To be ready it need not know all workloads.
func (a *adapter) answering() {
	a.t.Helper()
	a.ready()
	a.eventually("answer", func() bool { return a.metric(provider.MaxContainer, "deployment%3Ditem").code == http.StatusOK })
}

func (a *adapter) eventually(what string, condition func() bool) {
	a.t.Helper()
	err := wait.PollUntilContextTimeout(a.t.Context(), 20*time.Millisecond, patience, true,
		func(context.Context) (bool, error) { return condition(), nil })
	if err != nil {
		a.t.Fatalf("the adapter did not %s within %s", what, patience)
	}
}

// answer is what came for a request; code is 0 when nothing did.
type answer struct {
	code   int
	header http.Header
	body   []byte
}

// get asks as the bearer of a token; an empty token is nobody's.
func (a *adapter) get(token, path string, headers ...string) answer {
	a.t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(a.t.Context()), http.MethodGet, "https://"+a.app.Addr().String()+path, http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return answer{body: []byte(err.Error())}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, body}
}

// metric reads an external metric.
func (a *adapter) metric(name, selector string) answer {
	a.t.Helper()
	return a.get(apptest.Reader, group+"/namespaces/"+apptest.Namespace+"/"+name+"?labelSelector="+selector)
}

// items are those of a list.
func (r answer) items(t testing.TB) []v1beta1.ExternalMetricValue {
	t.Helper()
	if r.code != http.StatusOK {
		t.Fatalf("%d: %s", r.code, r.body)
	}
	var list v1beta1.ExternalMetricValueList
	r.decode(t, &list)
	return list.Items
}

// status is that of an error.
func (r answer) status(t testing.TB) metav1.Status {
	t.Helper()
	var status metav1.Status
	r.decode(t, &status)
	return status
}

func (r answer) decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("%v in: %s", err, r.body)
	}
}
