package cluster_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/pflag"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/test/cluster"
)

// runStandIn answers discovery and every metric, with the text of its configuration file.
func runStandIn(args []string) error {
	flags := pflag.NewFlagSet("stand-in", pflag.ContinueOnError)
	config := flags.String("config", "", "")
	address := flags.String("bind-address", "", "")
	port := flags.String("secure-port", "", "")
	cert := flags.String("tls-cert-file", "", "")
	key := flags.String("tls-private-key-file", "", "")
	flags.String("kubeconfig", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	text, err := os.ReadFile(*config)
	if err != nil {
		return err
	}
	if strings.Contains(string(text), "nonsense") {
		return fmt.Errorf("%s: unknown field %q", *config, "nonsense")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/apis/external.metrics.k8s.io/v1beta1", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"external.metrics.k8s.io/v1beta1","resources":[]}`)
	})
	mux.HandleFunc("/apis/external.metrics.k8s.io/v1beta1/namespaces/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s for %s", text, r.Header.Get("X-Remote-User"))
	})
	return http.ListenAndServeTLS(net.JoinHostPort(*address, *port), *cert, *key, mux)
}

// standIn are the options of an adapter that is this test program.
func standIn(t *testing.T, config string) cluster.AdapterOptions {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return cluster.AdapterOptions{Binary: self, Env: []string{partVariable + "=adapter"}, Config: config}
}

// look asks for a metric through the API server's aggregator.
func look(ctx context.Context, t *testing.T) string {
	t.Helper()
	out, err := shared(t).Kubectl(ctx, "get", "--raw", "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/x")
	if err != nil {
		return err.Error()
	}
	return out
}

func TestAdapterAnswersThroughTheAggregator(t *testing.T) {
	a, err := shared(t).InstallAdapter(t.Context(), standIn(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Kill()
	if got := look(t.Context(), t); got != "one for admin" {
		t.Errorf("the first answer is %q", got)
	}
	if err := a.Restart(t.Context(), "two"); err != nil {
		t.Fatal(err)
	}
	if got := look(t.Context(), t); got != "two for admin" {
		t.Errorf("the answer after a restart with another configuration is %q", got)
	}

	replica := standIn(t, "three")
	replica.ServiceIP = shared(t).FreeIP()
	b, err := shared(t).InstallAdapter(t.Context(), replica)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Kill()
	client, err := b.HTTPClient("")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Get(b.BaseURL() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if got := look(t.Context(), t); got != "two for admin" {
		t.Errorf("a replica at an address of its own answers for the first: %q", got)
	}
	b.Stop(syscall.SIGTERM)
	if status, err := b.Exit(); err != nil || status != -1 {
		t.Errorf("a signalled stand-in ended with %d, %v", status, err)
	}
}

func TestAdapterThatDoesNotStartShowsItsLog(t *testing.T) {
	_, err := shared(t).InstallAdapter(t.Context(), standIn(t, "nonsense"))
	if err == nil || !strings.Contains(err.Error(), `unknown field "nonsense"`) {
		t.Errorf("the error is %v, want what the adapter printed", err)
	}
}

func TestAdapterMayDoWhatItNeedsAndNoMore(t *testing.T) {
	if err := shared(t).ApplyManifests(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, err := shared(t).TokenFor(t.Context(), cluster.AdapterNamespace, cluster.AdapterName)
	if err != nil {
		t.Fatal(err)
	}
	config := rest.AnonymousClientConfig(shared(t).Admin())
	config.BearerToken = token
	client := kubernetes.NewForConfigOrDie(config)

	tests := map[string]struct {
		verb, group, resource, sub string
		want                       bool
	}{
		"it watches HPAs":                 {"watch", "autoscaling", "horizontalpodautoscalers", "", true},
		"it watches Pods":                 {"watch", "", "pods", "", true},
		"it reads usage":                  {"list", "metrics.k8s.io", "pods", "", true},
		"it watches Deployments":          {"watch", "apps", "deployments", "", true},
		"it reads the scale of a Rollout": {"get", "argoproj.io", "rollouts", "scale", true},
		"it writes Events":                {"create", "", "events", "", true},
		"it asks who a caller is":         {"create", "authentication.k8s.io", "tokenreviews", "", true},
		"it never scales anything":        {"update", "apps", "deployments", "scale", false},
		"it never reads Secrets":          {"get", "", "secrets", "", false},
		"it never changes an HPA":         {"update", "autoscaling", "horizontalpodautoscalers", "", false},
		"it cannot act as somebody else":  {"impersonate", "", "users", "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), &authorizationv1.SelfSubjectAccessReview{
				Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: "default", Verb: test.verb, Group: test.group, Resource: test.resource, Subresource: test.sub,
				}},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if review.Status.Allowed != test.want {
				t.Errorf("%s %s/%s: allowed is %t, want %t", test.verb, test.resource, test.sub, review.Status.Allowed, test.want)
			}
		})
	}
}
