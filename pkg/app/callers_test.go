package app_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/crest-hpa/crest/pkg/app"
	"github.com/crest-hpa/crest/pkg/app/apptest"
	"github.com/crest-hpa/crest/pkg/provider"
)

// connection is a client with an HTTP/2 connection of its own, as each
// kube-apiserver has one.
func connection() *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true,
	}}
}

// over is the adapter as it is asked through another client.
func (a *adapter) over(client *http.Client) *adapter {
	b := *a
	b.client = client
	return &b
}

func TestAThousandReadersAtOnceAreAnswered(t *testing.T) {
	const connections, each = 10, 100
	a := start(t, options(t, shop(t).Kubeconfig, withoutDatadog))
	a.answering()
	var readers sync.WaitGroup
	begin := make(chan struct{})
	answers := make(chan answer, connections*each)
	for range connections {
		client := connection()
		t.Cleanup(client.CloseIdleConnections)
		for range each {
			readers.Go(func() {
				<-begin
				answers <- a.over(client).metric(provider.MaxContainer, "deployment%3Ditem")
			})
		}
	}
	close(begin)
	readers.Wait()
	close(answers)
	others := map[string]int{}
	for got := range answers {
		if got.code != http.StatusOK {
			others[fmt.Sprintf("%d: %s", got.code, got.body)]++
		}
	}
	for what, times := range others {
		t.Errorf("%d of %d readers got %s", times, connections*each, what)
	}
	// How long a reader waits is a matter of the machine; the answer itself is
	// read from memory, behind no lock.
	if all, fast := durations(t, a, "+Inf"), durations(t, a, "0.1"); all < connections*each || fast < all-all/100 {
		t.Errorf("of %v answers %v took at most 100 ms", all, fast)
	}
	if got := a.get("", "/readyz"); got.code != http.StatusOK {
		t.Errorf("afterwards it is not ready: %d: %s", got.code, got.body)
	}
}

// durations are how many answers took the adapter at most so many seconds.
func durations(t *testing.T, a *adapter, atMost string) float64 {
	t.Helper()
	line := regexp.MustCompile(`crest_answer_duration_seconds_bucket\{[^}]*le="` + regexp.QuoteMeta(atMost) + `"\} (\S+)`)
	total := 0.0
	for _, match := range line.FindAllStringSubmatch(string(a.get(apptest.Reader, "/metrics").body), -1) {
		n, err := strconv.ParseFloat(match[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return total
}

func TestClientsThatAreSlowHoldUpNobody(t *testing.T) {
	a := start(t, options(t, shop(t).Kubeconfig, withoutDatadog))
	a.answering()
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	path := group + "/namespaces/" + apptest.Namespace + "/" + provider.MaxContainer + "?labelSelector=deployment%3Ditem"
	for i := range 40 {
		slow, err := dialer.DialContext(t.Context(), "tcp", a.app.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { slow.Close() })
		// Half of them never end their request, half never read their answer.
		request := "GET " + path + " HTTP/1.1\r\nHost: crest\r\nAuthorization: Bearer " + apptest.Reader + "\r\n"
		if i%2 == 0 {
			request += "\r\n"
		}
		if _, err := io.WriteString(slow, request); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		before := app.Now()
		if got := a.metric(provider.MaxContainer, "deployment%3Ditem"); got.code != http.StatusOK {
			t.Fatalf("%d: %s", got.code, got.body)
		}
		if took := app.Now().Sub(before); took > 2e9 {
			t.Fatalf("an answer took %s beside slow clients", took)
		}
	}
}

func TestASelectorOf10kBIsAnsweredOrRefused(t *testing.T) {
	a := start(t, options(t, shop(t).Kubeconfig, withoutDatadog))
	a.answering()
	names := func(format string) string {
		list := []string{"istio-proxy"}
		for size := 0; size < 10_000; size += 40 {
			list = append(list, fmt.Sprintf(format, size))
		}
		return strings.Join(list, ",")
	}
	tests := map[string]struct {
		selector string
		code     int
		says     string
	}{
		"containers of which the Pods have one": {"deployment=item,container in (" + names("%040d") + ")", http.StatusOK, `"container":"istio-proxy"`},
		"names that no container can have":      {"deployment=item,container in (" + names("A%039d") + ")", http.StatusBadRequest, "cannot be the name of a container"},
		"nothing that is a selector":            {strings.Repeat("(", 10_000), http.StatusBadRequest, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := a.in(t)
			var got answer
			// A selection that nobody has named is collected first.
			in.eventually(fmt.Sprintf("answer %d", test.code), func() bool {
				got = in.metric(provider.MaxContainer, url.QueryEscape(test.selector))
				return got.code == test.code
			})
			if !strings.Contains(string(got.body), test.says) {
				t.Errorf("%q is not in %.200s", test.says, got.body)
			}
		})
	}
	if got := a.metric(provider.MaxContainer, "deployment%3Ditem"); got.code != http.StatusOK {
		t.Errorf("afterwards: %d: %s", got.code, got.body)
	}
}
