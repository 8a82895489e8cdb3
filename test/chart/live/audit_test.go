package live

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/client-go/rest"

	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

func TestNothingIsAskedThatIsNotGrantedAndNothingIsGrantedThatIsNotAsked(t *testing.T) {
	r := newRelease(t)
	r.values["tls"] = map[string]any{"rotate": map[string]any{"life": "30s"}} // so that it is renewed meanwhile
	r.install(t)
	granted := r.grants(t)
	k := serveKinds(t, r)
	scene.AwaitAnswer(t, shared.Metric(k.deployment, stage.PodAverage), scene.From("metrics-server"))
	tellTwice(t, k)
	scrape(t, r)
	r.says(t, "The certificate was renewed", `step="IssueLeaf"`)

	events, err := shared.Cluster.Audited(r.namespace, r.name)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Annotations["authorization.k8s.io/decision"] != "allow" {
			t.Errorf("it may not %s: %s", what(&e), e.Annotations["authorization.k8s.io/reason"])
		}
	}
	for _, g := range granted {
		for _, each := range single(g.rules) {
			if !slices.ContainsFunc(events, func(e auditv1.Event) bool { return each.covers(&e) || each.isStreamed(&e) }) {
				t.Errorf("nobody asked to %s, which %s grants", each, g.name)
			}
		}
	}
	t.Logf("%d requests were looked at", len(events))
}

// tellTwice has Crest say the same of an HPA twice: the second time is a change of the first Event.
func tellTwice(t *testing.T, k kinds) {
	t.Helper()
	told := func(times int32) {
		scene.Eventually(t, fmt.Sprintf("the misuse has been told %d times", times), func() error {
			list, err := shared.Cluster.Client().CoreV1().Events(k.deployment.Namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.name=" + k.misused.For.Name})
			if err != nil {
				return err
			}
			for _, e := range list.Items {
				if e.Source.Component == "crest" && e.Count >= times {
					return nil
				}
			}
			return fmt.Errorf("there are %d Events", len(list.Items))
		})
	}
	told(1)
	right := k.misused
	right.Average = 0
	shared.Scale(t, right)
	scene.Eventually(t, "the HPA reads as it should", func() error { return shared.HPAReads(t, right.For, 70, 5) })
	shared.Scale(t, k.misused)
	told(2)
}

// scrape reads the metrics with a token, as Prometheus does.
func scrape(t *testing.T, r *release) {
	t.Helper()
	err := shared.Cluster.Apply(t.Context(), fmt.Appendf(nil, `
apiVersion: v1
kind: ServiceAccount
metadata: {name: prometheus, namespace: %[1]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: prometheus}
rules: [{nonResourceURLs: [/metrics], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: prometheus}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: prometheus}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: %[1]s}]
`, r.namespace))
	if err != nil {
		t.Fatal(err)
	}
	token, err := shared.Cluster.TokenFor(t.Context(), r.namespace, "prometheus")
	if err != nil {
		t.Fatal(err)
	}
	client, url := r.https(t, token)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "crest_") {
		t.Errorf("the metrics: %s, %v: %.300s", answer.Status, err, body)
	}
}

// https speaks to the release's Service, whose certificate it verifies by the ca.crt in the
// Secret, as the chart's ServiceMonitor does.
func (r *release) https(t *testing.T, token string) (client *http.Client, url string) {
	t.Helper()
	secret, err := shared.Cluster.Client().CoreV1().Secrets(r.namespace).Get(t.Context(), r.name+"-certificate", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ip, err := shared.Cluster.ServiceIP(t.Context(), r.namespace, r.name)
	if err != nil {
		t.Fatal(err)
	}
	client, err = rest.HTTPClientFor(&rest.Config{BearerToken: token, TLSClientConfig: rest.TLSClientConfig{
		CAData: secret.Data["ca.crt"], ServerName: r.name + "." + r.namespace + ".svc",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return client, "https://" + ip + ":8443"
}

// permission is one verb on one resource.
type permission struct{ verb, group, resource, sub, name string }

// single are the permissions of rules, one by one.
func single(rules []rbacv1.PolicyRule) []permission {
	var all []permission
	for _, rule := range rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, verb := range rule.Verbs {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, name := range names {
						resource, sub, _ := strings.Cut(resource, "/")
						all = append(all, permission{verb, group, resource, sub, name})
					}
				}
			}
		}
	}
	return all
}

func (p permission) String() string {
	text := fmt.Sprintf("%s %s", p.verb, strings.Trim(p.resource+"."+p.group, "."))
	if p.sub != "" {
		text += "/" + p.sub
	}
	if p.name != "" {
		text += " " + p.name
	}
	return text
}

// covers says whether the permission is what a request needs.
func (p permission) covers(e *auditv1.Event) bool {
	o := e.ObjectRef
	return o != nil && e.Verb == p.verb && o.APIGroup == p.group && o.Resource == p.resource && o.Subresource == p.sub &&
		(p.name == "" || o.Name == p.name || o.Name == "" && strings.Contains(e.RequestURI, p.name))
}

// isStreamed says whether the request is a watch that begins with all that there is: client-go
// asks for that in place of a list, of an API server that can (WatchList), and lists of others.
func (p permission) isStreamed(e *auditv1.Event) bool {
	watch := p
	watch.verb = "watch"
	return p.verb == "list" && watch.covers(e) && strings.Contains(e.RequestURI, "sendInitialEvents=true")
}

// what is a request in words.
func what(e *auditv1.Event) string {
	if e.ObjectRef == nil {
		return e.Verb + " " + e.RequestURI
	}
	o := e.ObjectRef
	return fmt.Sprintf("%s in %s", permission{e.Verb, o.APIGroup, o.Resource, o.Subresource, o.Name}, cmp.Or(o.Namespace, "the cluster"))
}
