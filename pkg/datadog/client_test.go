package datadog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/crest-hpa/crest/pkg/utilization"
)

const (
	testAPIKey = "0123456789abcdef0123456789abcdef"
	testAppKey = "fedcba9876543210fedcba9876543210fedcba98"
)

func testOptions(url string) Options {
	return Options{
		Site: "datadoghq.com", URL: url, ClusterTag: "kube_cluster_name", ClusterName: "prod-tokyo", UsageMetric: "kubernetes.cpu.usage.total",
		Interval: 30 * time.Second, Timeout: 5 * time.Second, MaxAge: 3 * time.Minute, MaxWorkloadsPerQuery: 1000,
		Tags:   map[string]string{"deployment": "kube_deployment", "statefulset": "kube_stateful_set"},
		APIKey: testAPIKey, AppKey: testAppKey,
		Registerer: prometheus.NewPedanticRegistry(), Log: logr.Discard(), Now: time.Now,
	}
}

func newClient(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// serve is a Datadog on the loopback interface.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// answerTo answers a request with one bucket of the container app for each
// workload that it names: four Pods at 10 millicores.
func answerTo(w http.ResponseWriter, r *http.Request) {
	var request requestBody
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var series, values []string
	for index, query := range request.Data.Attributes.Queries {
		for _, name := range namesIn(query.Query) {
			series = append(series, fmt.Sprintf(`{"group_tags":["kube_namespace:shop","kube_deployment:%s","kube_container_name:app"],"query_index":%d}`, name, index))
			values = append(values, []string{"[1e7]", "[4e7]"}[index%queriesOfKind])
		}
	}
	w.Header().Set("Content-Type", "application/vnd.api+json")
	fmt.Fprintf(w, `{"data":{"type":"timeseries_response","attributes":{"series":[%s],"times":[%d],"values":[%s]}}}`,
		strings.Join(series, ","), request.Data.Attributes.To-request.Data.Attributes.Interval, strings.Join(values, ","))
}

var namesPattern = regexp.MustCompile(`kube_deployment IN \(([^)]*)\)`)

func namesIn(query string) []string {
	found := namesPattern.FindStringSubmatch(query)
	if found == nil {
		return nil
	}
	return strings.Split(found[1], ",")
}

func TestCollectAsksForAllWorkloadsInOneCall(t *testing.T) {
	var got *http.Request
	c := newClient(t, testOptions(serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		answerTo(w, r)
	})+"/proxied/"))
	workloads := deployments(1000)
	batches := c.Collect(t.Context(), append(workloads, workloads[0]), noon)
	if len(batches) != 1 || batches[0].Err != nil || len(batches[0].Workloads) != 1000 || len(batches[0].Usage) != 1000 {
		t.Fatalf("got %d batches, the first of %d workloads: %v", len(batches), len(batches[0].Workloads), batches[0].Err)
	}
	bucket := utilization.Span{Begin: noon.Add(-30 * time.Second), End: noon}
	if u := batches[0].Usage[workloads[7]]["app"]; len(u) != 1 || *u[0].Span != bucket || u[0].Mean != 10_000_000 || u[0].Pods != 4 {
		t.Errorf("got %+v, want a mean of 10m over 4 Pods in %v", u, bucket)
	}
	if got.Method != http.MethodPost || got.URL.Path != "/proxied/api/v2/query/timeseries" || got.Header.Get("DD-API-KEY") != testAPIKey ||
		got.Header.Get("DD-APPLICATION-KEY") != testAppKey || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %s with %v", got.Method, got.URL, got.Header)
	}
	if n := testutil.ToFloat64(c.metrics.requests.WithLabelValues("200")); n != 1 {
		t.Errorf("got %v requests, want 1", n)
	}
	if n := testutil.CollectAndCount(c.metrics.duration); n != 1 {
		t.Errorf("got %d histograms", n)
	}
}

func TestCollectingNothingCallsNobody(t *testing.T) {
	c := newClient(t, testOptions(serve(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })))
	if batches := c.Collect(t.Context(), nil, noon); len(batches) != 0 {
		t.Errorf("got %v", batches)
	}
}

func TestWorkloadsThatCannotBeAskedAboutAreABatchOfTheirOwn(t *testing.T) {
	c := newClient(t, testOptions(serve(t, answerTo)))
	daemon := utilization.Workload{Kind: "daemonset", Namespace: "shop", Name: "agent"}
	batches := c.Collect(t.Context(), []utilization.Workload{daemon, item}, noon)
	if len(batches) != 2 || batches[0].Err != nil || batches[0].Workloads[0] != item || batches[1].Workloads[0] != daemon {
		t.Fatalf("got %v", batches)
	}
	if err := batches[1].Err; err == nil || !strings.Contains(err.Error(), `called "daemonset"`) {
		t.Errorf("got %v", err)
	}
}

func TestABatchWithWorkloadsThatHaveNoDataIsASuccess(t *testing.T) {
	c := newClient(t, testOptions(serve(t, answerTo)))
	batches := c.Collect(t.Context(), []utilization.Workload{item, queue}, noon)
	if len(batches) != 1 || batches[0].Err != nil {
		t.Fatalf("got %v", batches)
	}
	if _, ok := batches[0].Usage[queue]; ok || len(batches[0].Usage) != 1 {
		t.Errorf("got %v, want the deployment alone", batches[0].Usage)
	}
}

func TestABatchThatDatadogHasNothingAboutIsToldFromOthersThatFail(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		empty  bool
	}{
		"no series": {http.StatusOK, `{"data":{"attributes":{"series":[],"times":[],"values":[]}}}`, true},
		"an error":  {http.StatusInternalServerError, `{"errors":["out of order"]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, testOptions(serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			})))
			if b := c.Collect(t.Context(), deployments(1), noon)[0]; b.Err == nil || b.Empty != tc.empty {
				t.Errorf("empty is %v, the error %v", b.Empty, b.Err)
			}
		})
	}
}

// fail collects one workload and gives the error that its batch must have.
func fail(ctx context.Context, t *testing.T, o Options) *Error {
	t.Helper()
	c := newClient(t, o)
	batches := c.Collect(ctx, []utilization.Workload{item}, noon)
	failure := (*Error)(nil)
	if len(batches) != 1 || !errors.As(batches[0].Err, &failure) || batches[0].Usage != nil {
		t.Fatalf("got %v, want one batch with an Error", batches)
	}
	if n := testutil.ToFloat64(c.metrics.requests.WithLabelValues(string(failure.Code))); n != 1 {
		t.Errorf("%v requests are counted as %s, want 1", n, failure.Code)
	}
	for _, key := range []string{testAPIKey, testAppKey} {
		if strings.Contains(failure.Error(), key) {
			t.Errorf("the message holds a key: %s", failure)
		}
	}
	return failure
}

func TestAnswersThatAreNoUsageSayWhatToDo(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		header http.Header
		body   string
		code   Code
		says   []string
	}{
		"400":           {400, nil, `{"errors":["Functions are not supported"]}`, "400", []string{"400 Bad Request", "Functions are not supported", "datadog.usageMetric"}},
		"401":           {401, nil, `{"errors":["Unauthorized"]}`, "401", []string{"a key is wrong"}},
		"403":           {403, nil, `{"errors":["Forbidden"]}`, "403", []string{`("Forbidden")`, "a key is wrong or of another site than 127.0.0.1", "timeseries_query"}},
		"404":           {404, nil, `not found`, "404", []string{"datadog.site"}},
		"413":           {413, nil, "", "413", []string{"datadog.maxWorkloadsPerQuery"}},
		"422":           {422, nil, `{}`, "422", []string{`is datadog.clusterName right (kube_cluster_name="prod-tokyo")`}},
		"429":           {429, limits("100", "3600", "0", "77"), `{"errors":["Rate limit exceeded"]}`, "429", []string{`the rate limit "batch_query"`, "resets in 1m17s"}},
		"429, nothing":  {429, nil, ``, "429", []string{"a rate limit of your organization", "says not when"}},
		"500":           {500, nil, `<html><h1>oops</h1>`, "500", []string{`("a page of HTML")`, "status.datadoghq.com"}},
		"503":           {503, nil, "upstream\n\x1b[31mred", "503", []string{`("upstream [31mred")`}},
		"a redirect":    {302, http.Header{"Location": {"https://login.example.com/?token=x"}}, ``, "302", []string{`to "https://login.example.com" is not followed`}},
		"204":           {204, nil, ``, "204", []string{"no answer to a query"}},
		"a 200 in HTML": {200, nil, `<html>`, CodeUndecodable, []string{"a page of HTML"}},
		"a 200 that carries an error with the keys": {
			200, nil, `{"errors":"not yours: ` + testAPIKey + ` ` + testAppKey + `"}`, CodeRejected,
			[]string{"not yours: [redacted] [redacted]"},
		},
		"a refusal that repeats the keys": {403, nil, `{"errors":["key ` + testAPIKey + `"," ` + testAppKey + `"]}`, "403", []string{`key [redacted]`}},
		"a key at the end of a long text": {
			400, nil, `{"errors":["` + strings.Repeat("x", longestQuote-20) + testAPIKey + `"]}`, "400",
			[]string{strings.Repeat("x", longestQuote-20) + "[redacted]"},
		},
		"a text without end": {400, nil, strings.Repeat("y ", 200_000), "400", []string{"y…"}},
	} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for key, values := range test.header {
					w.Header()[http.CanonicalHeaderKey(key)] = values
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			failure := fail(t.Context(), t, testOptions(url))
			if failure.Code != test.code {
				t.Errorf("got the code %s, want %s: %s", failure.Code, test.code, failure)
			}
			for _, says := range test.says {
				if !strings.Contains(failure.Text, says) {
					t.Errorf("got %s\nwant %q", failure, says)
				}
			}
			if len(failure.Text) > 600 {
				t.Errorf("the message has %d bytes", len(failure.Text))
			}
		})
	}
}

func TestARedirectDoesNotCarryTheKeysAway(t *testing.T) {
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
	})
	if failure := fail(t.Context(), t, testOptions(url)); failure.Code != "307" {
		t.Errorf("got %s", failure.Code)
	}
}

func TestConnectionsThatFailSayWhatToDo(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	release := make(chan struct{})
	hang := func(http.ResponseWriter, *http.Request) { <-release }
	hangInBody := func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"data":`)
		w.(http.Flusher).Flush()
		<-release
	}
	t.Cleanup(func() { close(release) })
	for name, test := range map[string]struct {
		ctx  context.Context
		url  string
		dial error
		code Code
		says string
	}{
		"no answer":                  {t.Context(), httptestURL(t, hang), nil, CodeTimeout, "did not answer within datadog.timeout, 200ms"},
		"half an answer":             {t.Context(), httptestURL(t, hangInBody), nil, CodeTimeout, "did not answer within"},
		"a closed port":              {t.Context(), closed.URL, nil, CodeRefused, "refuses connections"},
		"an unknown certificate":     {t.Context(), secure.URL, nil, CodeTLS, "SSL_CERT_FILE"},
		"TLS to a port without it":   {t.Context(), strings.Replace(httptestURL(t, hang), "http:", "https:", 1), nil, CodeTLS, "no trusted TLS connection"},
		"Crest stops":                {canceled, closed.URL, nil, CodeCanceled, "because Crest stops"},
		"a name that does not exist": {t.Context(), "http://api.nowhere.invalid", &net.DNSError{Err: "no such host", Name: "api.nowhere.invalid", IsNotFound: true}, CodeDNS, "api.nowhere.invalid, does not resolve"},
		"any other failure":          {t.Context(), closed.URL, errors.New("the wire is cut"), CodeNetwork, "the wire is cut"},
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(test.url)
			if test.code == CodeTimeout {
				o.Timeout = 200 * time.Millisecond
			}
			if test.dial != nil {
				o.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, test.dial }}
			}
			failure := fail(test.ctx, t, o)
			if failure.Code != test.code || !strings.Contains(failure.Text, test.says) {
				t.Errorf("got %s: %s; want %s with %q", failure.Code, failure, test.code, test.says)
			}
		})
	}
}

// httptestURL is a server whose handlers may hang until the test is over.
func httptestURL(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.CloseClientConnections)
	return server.URL
}

func TestAConnectionThatBreaksInTheBodyIsNotAnAnswer(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"data":`)
	})
	if failure := fail(t.Context(), t, testOptions(url)); failure.Code != CodeNetwork {
		t.Errorf("got %s: %s", failure.Code, failure)
	}
}

func TestAnAnswerWithoutEndIsNotReadToItsEnd(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for chunk := make([]byte, 1<<20); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	o := testOptions(url)
	o.Timeout = time.Minute
	if failure := fail(t.Context(), t, o); failure.Code != CodeTooLarge || !strings.Contains(failure.Text, "larger than 64 MiB") {
		t.Errorf("got %s: %s", failure.Code, failure)
	}
}

func TestEachBatchFailsByItself(t *testing.T) {
	o := testOptions(serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "w0150") {
			http.Error(w, `{"errors":["oops"]}`, http.StatusInternalServerError)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answerTo(w, r)
	}))
	o.MaxWorkloadsPerQuery = 100
	workloads := deployments(400)
	batches := newClient(t, o).Collect(t.Context(), workloads, noon)
	var seen int
	for i, b := range batches {
		seen += len(b.Workloads)
		if failed := b.Err != nil; failed != (i == 1) || failed == (len(b.Usage) == 100) {
			t.Errorf("batch %d: %v, %d workloads with usage", i, b.Err, len(b.Usage))
		}
	}
	if len(batches) != 4 || seen != len(workloads) {
		t.Errorf("got %d batches with %d workloads", len(batches), seen)
	}
}

func TestAFewCallsAreMadeAtOnce(t *testing.T) {
	var now, most atomic.Int32
	var together sync.WaitGroup
	together.Add(inParallel)
	o := testOptions(serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		together.Done()
		together.Wait()
		answerTo(w, r)
	}))
	o.MaxWorkloadsPerQuery = 1
	for i, b := range newClient(t, o).Collect(t.Context(), deployments(inParallel), noon) {
		if b.Err != nil {
			t.Errorf("batch %d: %v", i, b.Err)
		}
	}
	if got := most.Load(); got != inParallel {
		t.Errorf("got %d calls at once, want %d", got, inParallel)
	}
}

func TestAFailureThatAllBatchesShareIsMetOnce(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		most   int32
		codes  []Code
	}{
		"a wrong key": {http.StatusForbidden, inParallel, []Code{"403"}},
		// A batch whose turn comes just then is told by the budget.
		"a rate limit":          {http.StatusTooManyRequests, inParallel, []Code{"429", CodeBudget}},
		"a fault of each batch": {http.StatusInternalServerError, 20, []Code{"500"}},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			o := testOptions(serve(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.WriteHeader(test.status)
			}))
			o.MaxWorkloadsPerQuery = 10
			for i, b := range newClient(t, o).Collect(t.Context(), deployments(200), noon) {
				failure := (*Error)(nil)
				if !errors.As(b.Err, &failure) || !slices.Contains(test.codes, failure.Code) {
					t.Errorf("batch %d: %v", i, b.Err)
				}
			}
			if got := calls.Load(); got > test.most {
				t.Errorf("got %d calls, want at most %d", got, test.most)
			}
		})
	}
}

func TestAnOutageTakesOneTimeoutAndHalvesTheBatchOnce(t *testing.T) {
	var calls atomic.Int32
	release := make(chan struct{})
	o := testOptions(httptestURL(t, func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		<-release
	}))
	t.Cleanup(func() { close(release) })
	o.MaxWorkloadsPerQuery, o.Timeout = 100, 300*time.Millisecond
	c := newClient(t, o)
	for i, b := range c.Collect(t.Context(), deployments(2000), noon) {
		failure := (*Error)(nil)
		if !errors.As(b.Err, &failure) || failure.Code != CodeTimeout {
			t.Errorf("batch %d: %v", i, b.Err)
		}
	}
	if got := calls.Load(); got > 2*inParallel {
		t.Errorf("got %d calls, want one wave of %d", got, inParallel)
	}
	if got := testutil.ToFloat64(c.metrics.batchSize); got != 50 {
		t.Errorf("got a batch size of %v, want 50", got)
	}
}

func TestATooManyRequestsHoldsBackTheNextCollection(t *testing.T) {
	var calls atomic.Int32
	c := newClient(t, testOptions(serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("X-RateLimit-Reset", "40")
		w.WriteHeader(http.StatusTooManyRequests)
	})))
	c.Collect(t.Context(), []utilization.Workload{item}, noon)
	batches := c.Collect(t.Context(), []utilization.Workload{item}, noon.Add(10*time.Second))
	failure := (*Error)(nil)
	if !errors.As(batches[0].Err, &failure) || failure.Code != CodeBudget || calls.Load() != 1 {
		t.Errorf("got %v after %d calls", batches[0].Err, calls.Load())
	}
	_, notBefore := c.Pace(noon.Add(10 * time.Second))
	if wait := notBefore.Sub(noon); wait < 40*time.Second || wait > 45*time.Second {
		t.Errorf("the next collection is due after %s, want 40s", wait)
	}
}

func TestKeysAreReadAnewForEachCollection(t *testing.T) {
	var got []string
	o := testOptions(serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("DD-API-KEY"))
		answerTo(w, r)
	}))
	o.APIKeyFile = filepath.Join(t.TempDir(), "api-key")
	c := newClient(t, o)
	for _, key := range []string{"first", "second"} {
		if err := os.WriteFile(o.APIKeyFile, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Collect(t.Context(), []utilization.Workload{item}, noon)
	}
	if err := os.Remove(o.APIKeyFile); err != nil {
		t.Fatal(err)
	}
	err := c.Collect(t.Context(), []utilization.Workload{item}, noon)[0].Err
	if err == nil || !strings.Contains(err.Error(), o.APIKeyFile) {
		t.Errorf("got %v, want the name of the file", err)
	}
	if strings.Join(got, " ") != "first second" {
		t.Errorf("got the keys %q", got)
	}
}

func TestNothingIsLoggedOnSuccess(t *testing.T) {
	log, lines := recorder()
	o := testOptions(serve(t, answerTo))
	o.Log = log
	c := newClient(t, o)
	// The server's Date is its own; the clock of this collection agrees with it.
	response, err := http.Post(o.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Collect(t.Context(), []utilization.Workload{item}, date)[0].Err; err != nil || len(*lines) != 0 {
		t.Errorf("got %v and the lines %q", err, *lines)
	}
}
