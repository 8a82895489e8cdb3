package outages

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/cluster"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

func TestAnAdapterThatIsKilledInAnOutageOfDatadogShrinksNothing(t *testing.T) {
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 6}
	serve(t, w, atTarget, "istio-proxy")
	shared.Strike(t, refusing)
	scene.AwaitAnswer(t, shared.Maximum(w), held("FallbackScaleDown"))

	shared.Adapter.Kill()
	shared.SetLoad(t, w, 3)
	if err := shared.Adapter.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := scene.Watch(t, 200*time.Millisecond, shared.Maximum(w))
	scene.AwaitAnswer(t, shared.Maximum(w), held("Starting"))
	// Once it has run for long enough it still does not know the skew.
	scene.AwaitAnswer(t, shared.Maximum(w), held("FallbackScaleDown"))
	shared.KeepsReplicas(t, w, 6)
	scene.NoneFailed(t, seen)

	shared.Heal(t)
	shared.AwaitReplicas(t, w, 3, 3)
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
}

func TestOfTwoReplicasOneIsToldToStopUnderItsReaders(t *testing.T) {
	t.Parallel()
	const delay = 3 * time.Second
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	second := replica(t, stage.Config{Top: map[string]any{"shutdownDelay": delay.String()}}, shared.DatadogURL)
	scene.AwaitAnswer(t, shared.AsAdmin(t, second, w), reads("datadog", "istio-proxy", 70))

	other := scene.Watch(t, 50*time.Millisecond, shared.Maximum(w))
	lasting := scene.Watch(t, 50*time.Millisecond, shared.AsAdmin(t, second, w))
	renewed := scene.Watch(t, 50*time.Millisecond, shared.Reconnecting(t, second, w))
	scene.Eventually(t, "both readers are answered", func() error {
		return errors.Join(newest(lasting, http.StatusOK), newest(renewed, http.StatusOK))
	})
	told := time.Now()
	go second.Stop(syscall.SIGTERM)
	scene.Eventually(t, "it says that it is not ready", func() error {
		return status(t, second, "/readyz", http.StatusInternalServerError)
	})
	<-second.Done()
	took := time.Since(told)
	for _, seen := range []*stage.Watch{lasting, renewed} {
		seen.Stop()
		early := 0
		for _, a := range seen.Answers() {
			// One that is asked in time may be cut off at the end of the delay.
			if a.At.Add(a.Took).Before(told.Add(delay)) && !a.OK() {
				t.Errorf("%s after SIGTERM: %s", a.At.Sub(told), a)
			}
			if a.At.After(told) && a.OK() {
				early++
			}
		}
		t.Logf("%d answers after SIGTERM", early)
		if early < 20 {
			t.Errorf("it answered only %d times after SIGTERM", early)
		}
	}
	scene.NoneFailed(t, other)
	if code, err := second.Exit(); err != nil || code != 0 {
		t.Errorf("it ended with %d, %v", code, err)
	}
	if took < delay || took > delay+10*time.Second {
		t.Errorf("it ended %s after SIGTERM, and its shutdownDelay is %s", took, delay)
	}
}

func TestOfTwoReplicasOneIsCutOffFromDatadogAndEachSaysItsOwnSource(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	nobody := "http://" + shared.Cluster.FreeIP() + ":8126"
	second := replica(t, stage.Config{Fallback: map[string]any{"mode": "MaxContainer"}}, nobody)
	scene.AwaitAnswer(t, shared.AsAdmin(t, second, w), reads("metrics-server", "istio-proxy", 70))
	first, cut := scene.Watch(t, 200*time.Millisecond, shared.Maximum(w)), scene.Watch(t, 200*time.Millisecond, shared.AsAdmin(t, second, w))
	shared.KeepsReplicas(t, w, 4)
	scene.NoneFailed(t, first)
	scene.NoneFailed(t, cut)
	if got := fmt.Sprint(first.Sources(), cut.Sources()); got != "[datadog] [metrics-server]" {
		t.Errorf("the sources were %s", got)
	}
	if last := cut.Answers()[len(cut.Answers())-1]; scene.Within("its value", last.Value(), 70, 2) != nil {
		t.Errorf("the replica that is cut off says %s", last)
	}

	shared.SetLoad(t, w, 6)
	shared.AwaitReplicas(t, w, 6, 6)
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
	scene.AwaitAnswer(t, shared.AsAdmin(t, second, w), reads("metrics-server", "istio-proxy", 70))
}

func TestAServingCertificateIsReplacedWithoutARestart(t *testing.T) {
	t.Parallel()
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	seen, pid := scene.Watch(t, 100*time.Millisecond, shared.Maximum(w)), shared.Adapter.Pid()
	fresh := scene.Watch(t, 100*time.Millisecond, shared.Reconnecting(t, shared.Adapter, w))
	old := serial(t)
	if err := shared.Adapter.RenewCertificate(); err != nil {
		t.Fatal(err)
	}
	scene.Eventually(t, "handshakes get the new certificate", func() error {
		if serial(t).Cmp(old) == 0 {
			return errors.New("it is still the old one")
		}
		return nil
	})
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
	scene.NoneFailed(t, seen)
	scene.NoneFailed(t, fresh)
	if shared.Adapter.Pid() != pid || ended(shared.Adapter.Done()) {
		t.Error("the adapter was restarted")
	}
}

// replica is a second adapter, to which only the test speaks, until its end.
func replica(t *testing.T, c stage.Config, datadog string) *cluster.Adapter {
	t.Helper()
	text, err := c.YAML(datadog)
	if err != nil {
		t.Fatal(err)
	}
	a, err := shared.Cluster.InstallAdapter(t.Context(), cluster.AdapterOptions{
		Config: text, ServiceIP: shared.Cluster.FreeIP(),
		Env: []string{"DD_API_KEY=" + stage.APIKey, "DD_APP_KEY=" + stage.AppKey},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of the second adapter ends\n%s", scene.Tail(a.Logs(), 30))
		}
		a.Kill()
	})
	return a
}

// status is an error unless a path of an adapter answers with this code.
func status(t *testing.T, a *cluster.Adapter, path string, want int) error {
	t.Helper()
	client, err := a.HTTPClient("")
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.BaseURL()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking for %s: %w", path, err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != want {
		return fmt.Errorf("%s answers %d, want %d", path, response.StatusCode, want)
	}
	return nil
}

// serial is the serial number of the certificate that a new connection to the
// adapter gets.
func serial(t *testing.T) *big.Int {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // what it serves is looked at
	dialer := tls.Dialer{Config: config}
	connection, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(shared.Adapter.BaseURL(), "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber
}
