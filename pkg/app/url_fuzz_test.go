package app_test

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/crest-hpa/crest/pkg/app/apptest"
)

// faultOfOurs are the codes that no caller should be able to cause; a 503 says
// what is missing and is no fault.
var faultOfOurs = []int{http.StatusInternalServerError, http.StatusNotImplemented, http.StatusBadGateway, http.StatusGatewayTimeout}

// FuzzURL asks for what follows the host in a URL, as it stands.
func FuzzURL(f *testing.F) {
	metrics := group + "/namespaces/shop/"
	for _, seed := range []string{
		"/", "/apis", group, metrics, group + "/namespaces", group + "//",
		metrics + "max_container_cpu_utilization",
		metrics + "max_container_cpu_utilization?labelSelector=deployment%3Ditem",
		metrics + "max_container_cpu_utilization?labelSelector=deployment%3Ditem&labelSelector=x",
		metrics + "max_container_cpu_utilization?labelSelector=%ff%fe", metrics + "max_container_cpu_utilization?labelSelector=%zz",
		metrics + "max_container_cpu_utilization/scale?watch=true", metrics + "pod_cpu_utilization?watch=1&limit=-1&resourceVersion=x",
		metrics + "container_cpu_utilization?labelSelector=hpa%3Ditem%2Ccontainer+in+%28app%29&pretty=true&timeout=-5s",
		metrics + "..%2f..%2fsecrets?fieldSelector=a%3Db", group + "/namespaces/%00/x", "/apis/external.metrics.k8s.io/v2/namespaces/shop/x",
	} {
		f.Add(seed)
	}
	a := start(f, options(f, shop(f).Kubeconfig, withoutDatadog))
	a.answering()
	// Over HTTP/1.1: over HTTP/2 a path that is none resets the stream, and the
	// client asks again for half a minute. Redirects are an answer.
	client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	f.Cleanup(client.CloseIdleConnections)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	f.Fuzz(func(t *testing.T, target string) {
		if !strings.HasPrefix(target, "/") || strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '#' }) {
			return // nothing that a client sends
		}
		request := (&http.Request{
			Method: http.MethodGet, Header: http.Header{"Authorization": {"Bearer " + apptest.Reader}},
			URL: &url.URL{Scheme: "https", Host: a.app.Addr().String(), Opaque: target},
		}).WithContext(t.Context())
		response, err := client.Do(request)
		if err != nil {
			return // refused by the client's own library
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("%q: %v", target, err)
		}
		if slices.Contains(faultOfOurs, response.StatusCode) || response.Header.Get("Retry-After") != "" {
			t.Errorf("%q: %d, Retry-After %q: %s", target, response.StatusCode, response.Header.Get("Retry-After"), body)
		}
		if strings.HasPrefix(target, metrics) && response.StatusCode == http.StatusOK {
			wantItems(t, target, body)
		}
	})
}

// wantItems wants a list with something in it, since an HPA that reads an empty
// one has been told nothing.
func wantItems(t *testing.T, target string, body []byte) {
	t.Helper()
	var list v1beta1.ExternalMetricValueList
	if err := json.Unmarshal(body, &list); err != nil {
		t.Errorf("%q: a 200 that is no JSON: %v: %.200s", target, err, body)
		return
	}
	if list.GroupVersionKind().Group != v1beta1.GroupName || len(list.Items) == 0 {
		t.Errorf("%q: a 200 without an item: %.200s", target, body)
	}
}
