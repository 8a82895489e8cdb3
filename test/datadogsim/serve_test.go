package datadogsim

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestKeysAreChecked(t *testing.T) {
	tests := map[string]struct {
		api, app string
		want     int
	}{
		"both right":         {apiKey, appKey, http.StatusOK},
		"a wrong API key":    {"x", appKey, http.StatusForbidden},
		"a wrong app key":    {apiKey, "x", http.StatusForbidden},
		"the keys exchanged": {appKey, apiKey, http.StatusForbidden},
		"no API key":         {"", appKey, http.StatusUnauthorized},
		"no application key": {apiKey, "", http.StatusUnauthorized},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v2/query/timeseries", strings.NewReader(string(f.body(usage))))
			r.Header.Set("DD-API-KEY", test.api)
			r.Header.Set("DD-APPLICATION-KEY", test.app)
			rw := httptest.NewRecorder()
			f.sim.Handler().ServeHTTP(rw, r)
			if rw.Code != test.want {
				t.Errorf("got %d, want %d: %s", rw.Code, test.want, rw.Body)
			}
			if rw.Code != http.StatusOK && !strings.Contains(rw.Body.String(), `{"errors":["`) {
				t.Errorf("the body is %s", rw.Body)
			}
		})
	}
}

func TestBadRequestsAreRefused(t *testing.T) {
	const good = `{"data":{"type":"timeseries_request","attributes":{"from":1000,"to":2000,"interval":1000,` +
		`"queries":[{"data_source":"metrics","name":"a","query":"avg:m{*}"}],"formulas":[{"formula":"a"}]}}}`
	tests := map[string]struct {
		old, new string // what is changed in a good request
		status   int
		want     string
	}{
		"nothing changed":             {"", "", http.StatusOK, ""},
		"not JSON":                    {"{", "", http.StatusBadRequest, "JSON"},
		"another type":                {"timeseries_request", "scalar_request", http.StatusBadRequest, "timeseries_request"},
		"from as a string":            {`"from":1000`, `"from":"now"`, http.StatusBadRequest, "JSON"},
		"no from":                     {`"from":1000,`, ``, http.StatusBadRequest, "from"},
		"from after to":               {`"from":1000`, `"from":3000`, http.StatusBadRequest, "from"},
		"a negative interval":         {`"interval":1000`, `"interval":-1`, http.StatusBadRequest, "interval"},
		"no queries":                  {`"queries":[{"data_source":"metrics","name":"a","query":"avg:m{*}"}]`, `"queries":[]`, http.StatusBadRequest, "queries"},
		"another data source":         {`"data_source":"metrics"`, `"data_source":"logs"`, http.StatusBadRequest, "logs"},
		"a query that does not parse": {"avg:m{*}", "avg:m{", http.StatusBadRequest, "parsing"},
		"a query with a function":     {"avg:m{*}", "abs(avg:m{*})", http.StatusBadRequest, "Functions are not supported in metrics data source field. Use the formulas payload."},
		"a formula with arithmetic":   {`"formula":"a"`, `"formula":"a * 2"`, http.StatusBadRequest, "a * 2"},
		"no formulas":                 {`,"formulas":[{"formula":"a"}]`, ``, http.StatusOK, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			rw := f.post([]byte(strings.Replace(good, test.old, test.new, 1)))
			if rw.Code != test.status || !strings.Contains(rw.Body.String(), test.want) {
				t.Errorf("got %d %s, want %d and %q", rw.Code, rw.Body, test.status, test.want)
			}
		})
	}
}

func TestOtherPathsAndMethodsAreRefused(t *testing.T) {
	f := newFixture(t, nil)
	for target, want := range map[string]int{
		"GET /api/v2/query/timeseries": http.StatusMethodNotAllowed,
		"POST /api/v1/query":           http.StatusNotFound,
	} {
		method, path, _ := strings.Cut(target, " ")
		rw := httptest.NewRecorder()
		f.sim.Handler().ServeHTTP(rw, httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody))
		if rw.Code != want {
			t.Errorf("%s: got %d, want %d", target, rw.Code, want)
		}
	}
}

func TestTheRateLimitIsAnnouncedAndEnforced(t *testing.T) {
	f := newFixture(t, func(o *Options) {
		o.RateLimit = RateLimit{Name: "query", Limit: 2, Period: time.Minute}
	})
	steps := []struct {
		after            time.Duration // since the step before
		status           int
		remaining, reset string
	}{
		{0, http.StatusOK, "1", "60"},
		{10 * time.Second, http.StatusOK, "0", "50"},
		{time.Second, http.StatusTooManyRequests, "0", "49"},
		{49 * time.Second, http.StatusOK, "1", "60"},
	}
	for i, step := range steps {
		f.now = f.now.Add(step.after)
		rw := f.post(f.body(usage))
		h := rw.Header()
		if rw.Code != step.status || h.Get("X-RateLimit-Remaining") != step.remaining || h.Get("X-RateLimit-Reset") != step.reset {
			t.Errorf("step %d: got %d %v, want %+v", i, rw.Code, h, step)
		}
		if h.Get("X-RateLimit-Limit") != "2" || h.Get("X-RateLimit-Period") != "60" || h.Get("X-RateLimit-Name") != "query" {
			t.Errorf("step %d: got %v", i, h)
		}
		logged := f.sim.Requests()[i]
		reset := strconv.Itoa(int(logged.Reset.Seconds()))
		if logged.Limit != 2 || strconv.Itoa(logged.Remaining) != step.remaining || reset != step.reset {
			t.Errorf("step %d: the log says %+v, want what was announced, %+v", i, logged, step)
		}
	}
}

func TestRequestsAreLogged(t *testing.T) {
	f := newFixture(t, nil)
	body := f.body(usage, "avg:m{*}")
	rw := f.post(body)
	f.post([]byte("{"))
	log := f.sim.Requests()
	if len(log) != 2 || f.sim.Total() != 2 {
		t.Fatalf("got %d requests, total %d", len(log), f.sim.Total())
	}
	first := log[0]
	if first.Status != http.StatusOK || len(first.Queries) != 2 || first.Queries[0] != usage || first.Series != 2 ||
		first.BodyBytes != len(body) || first.AnswerBytes != rw.Body.Len() || !first.To.Equal(f.now) {
		t.Errorf("got %+v", first)
	}
	if log[1].Status != http.StatusBadRequest {
		t.Errorf("got %+v", log[1])
	}
}

func TestWaitForARequest(t *testing.T) {
	f := newFixture(t, nil)
	done := make(chan error)
	go func() {
		done <- f.sim.WaitFor(t.Context(), start, 2, func(r Request) bool { return r.Status == http.StatusOK })
	}()
	f.post(f.body(usage))
	f.post([]byte("{"))
	f.post(f.body(usage))
	if err := <-done; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.sim.WaitFor(ctx, start, 4, nil); err == nil || !strings.Contains(err.Error(), "3 of 4") {
		t.Errorf("got %v", err)
	}
}

func TestItServesHTTPS(t *testing.T) {
	// Borrow the certificate of the standard library's test server.
	donor := httptest.NewTLSServer(http.NotFoundHandler())
	defer donor.Close()
	f := newFixture(t, func(o *Options) {
		o.TLS = &tls.Config{Certificates: donor.TLS.Certificates, MinVersion: tls.VersionTLS12}
	})
	url, err := f.sim.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if status, _, err := f.over(donor.Client(), url); err != nil || status != http.StatusOK || !strings.HasPrefix(url, "https://") {
		t.Errorf("%s answered %d, %v", url, status, err)
	}
	f.fault(Fault{Kind: Reset})
	if _, _, err := f.over(donor.Client(), url); err == nil {
		t.Error("a connection that is cut answered without an error")
	}
}
