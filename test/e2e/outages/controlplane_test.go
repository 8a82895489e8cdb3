package outages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// reviewLife is how long the adapter remembers who a caller is and what the
// caller may do, by the defaults of the library's flags
// --authentication-token-webhook-cache-ttl and
// --authorization-webhook-cache-authorized-ttl.
const reviewLife = 10 * time.Second

func TestTheAdapterAnswersThroughARestartOfTheAPIServer(t *testing.T) {
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	pid, token := shared.Adapter.Pid(), viewer(t, w.Namespace)
	certain := scene.Watch(t, 200*time.Millisecond, shared.AsAdmin(t, shared.Adapter, w))
	reviewed := scene.Watch(t, 200*time.Millisecond, scene.Direct(t, shared.Adapter.RESTConfig(token), w))
	scene.Eventually(t, "a caller whom the API server vouches for is answered", func() error { return newest(reviewed, http.StatusOK) })

	away := time.Now()
	takeAway(t, shared.Cluster.StopAPIServer, shared.Cluster.StartAPIServer)
	shared.SetLoad(t, w, 6)
	scene.AwaitAnswer(t, shared.AsAdmin(t, shared.Adapter, w), reads("datadog", "istio-proxy", 105))
	scene.Eventually(t, "nobody vouches any more for the caller with a token", func() error {
		return newest(reviewed, http.StatusUnauthorized)
	})
	if spared := time.Since(away); spared < reviewLife/2 {
		t.Errorf("a caller whom the adapter knew was refused after %s", spared)
	}

	if err := shared.Cluster.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("the API server was away for %s", time.Since(away).Round(time.Second))
	scene.Eventually(t, "the caller with a token is answered again", func() error { return newest(reviewed, http.StatusOK) })
	shared.AwaitReplicas(t, w, 6, 6)
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
	scene.NoneFailed(t, certain)
	reviewed.Stop()
	t.Logf("answers to the caller with a token: %v", codes(reviewed))
	for _, a := range reviewed.Failed() {
		if a.Code != http.StatusUnauthorized {
			t.Errorf("the caller with a token was answered %s", a)
		}
		t.Logf("refused: %s", a)
	}
	slowest := slices.MaxFunc(reviewed.Answers(), func(a, b stage.Answer) int { return cmp.Compare(a.Took, b.Took) })
	t.Logf("the slowest answer to it: %d after %s", slowest.Code, slowest.Took.Round(time.Millisecond))
	if shared.Adapter.Pid() != pid || ended(shared.Adapter.Done()) {
		t.Error("the adapter did not survive")
	}
}

func TestTheAdapterAnswersWhileEtcdIsAway(t *testing.T) {
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	pid := shared.Adapter.Pid()
	certain := scene.Watch(t, 200*time.Millisecond, shared.AsAdmin(t, shared.Adapter, w))
	proxied := scene.Watch(t, 200*time.Millisecond, shared.Maximum(w))

	away := time.Now()
	takeAway(t, shared.Cluster.StopEtcd, shared.Cluster.StartEtcd)
	shared.SetLoad(t, w, 6)
	scene.AwaitAnswer(t, shared.AsAdmin(t, shared.Adapter, w), reads("datadog", "istio-proxy", 105))
	ask := shared.AsAdmin(t, shared.Adapter, w)
	scene.Consistently(t, time.Minute-time.Since(away), "the adapter answers", func() error {
		return reads("datadog", "istio-proxy", 105)(ask(t.Context()))
	})
	if err := shared.Cluster.StartEtcd(t.Context()); err != nil {
		t.Fatal(err)
	}
	shared.AwaitReplicas(t, w, 6, 6)
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
	scene.NoneFailed(t, certain)
	t.Logf("answers through the API server: %v", codes(proxied))
	// The API server proxies and authorizes from memory.
	scene.NoneFailed(t, proxied)
	if shared.Adapter.Pid() != pid || ended(shared.Adapter.Done()) {
		t.Error("the adapter did not survive")
	}
}

func TestAnAdapterThatStartsBeforeTheAPIServerWaitsForIt(t *testing.T) {
	w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
	serve(t, w, atTarget, "istio-proxy")
	shared.Adapter.Kill()
	takeAway(t, shared.Cluster.StopAPIServer, shared.Cluster.StartAPIServer)
	before := len(shared.Adapter.Logs())
	if err := shared.Adapter.Launch(); err != nil {
		t.Fatal(err)
	}
	scene.Eventually(t, "the adapter says what it waits for", func() error {
		return scene.SaysAll(shared.Adapter.Logs()[before:], "waiting for the Kubernetes API server",
			"configmap kube-system/extension-apiserver-authentication", "connection refused", "nothing, if the API server is starting")
	})
	scene.Consistently(t, 3*time.Second, "the adapter waits", func() error {
		if ended(shared.Adapter.Done()) {
			return errors.New("it has ended")
		}
		return nil
	})
	if err := shared.Cluster.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := shared.Adapter.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
	shared.SetLoad(t, w, 6)
	shared.AwaitReplicas(t, w, 6, 6)
}

// takeAway stops a part of the control plane. A test that ends before it has
// brought the part back must not take it from the others too.
func takeAway(t *testing.T, stop func() error, start func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() { _ = start(context.Background()) }) // an error where it runs, as it should
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// viewer is a token of a ServiceAccount that may read the metrics of its namespace.
func viewer(t *testing.T, namespace string) string {
	t.Helper()
	err := shared.Cluster.Apply(t.Context(), fmt.Appendf(nil, `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewer, namespace: %[1]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: crest-metrics-reader}
subjects: [{kind: ServiceAccount, name: default, namespace: %[1]s}]
`, namespace))
	if err != nil {
		t.Fatal(err)
	}
	token, err := shared.Cluster.TokenFor(t.Context(), namespace, "default")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// newest is an error unless the last answer of a watch has one of the codes.
func newest(seen *stage.Watch, want ...int) error {
	answers := seen.Answers()
	if len(answers) == 0 {
		return errors.New("nothing was read")
	}
	if last := answers[len(answers)-1]; !slices.Contains(want, last.Code) {
		return fmt.Errorf("want one of %v, and the answer is %s", want, last)
	}
	return nil
}

// codes counts the answers of a watch by their HTTP status.
func codes(seen *stage.Watch) map[int]int {
	count := map[int]int{}
	for _, a := range seen.Answers() {
		count[a.Code]++
	}
	return count
}

func ended(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
