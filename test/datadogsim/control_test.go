package datadogsim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"testing"
	"time"
)

// command sends one request to the control endpoint.
func (f *fixture) command(method, target, from string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(f.Context(), method, target, http.NoBody)
	r.RemoteAddr = from
	rw := httptest.NewRecorder()
	f.sim.Control().ServeHTTP(rw, r)
	return rw
}

func TestControlSetsAndClearsFaults(t *testing.T) {
	f := newFixture(t, nil)
	steps := []struct {
		target string
		want   int // the status of the next request
	}{
		{"/crest-sim/fault?name=status&code=503&namespace=shop", http.StatusOK},
		{"/crest-sim/fault?name=status&code=502", http.StatusBadGateway},
		{"/crest-sim/clear", http.StatusOK},
	}
	for _, step := range steps {
		if rw := f.command(http.MethodPost, step.target, "127.0.0.1:1"); rw.Code != http.StatusNoContent {
			t.Fatalf("%s: %d %s", step.target, rw.Code, rw.Body)
		}
		if got := f.post(f.body(usage)).Code; got != step.want {
			t.Errorf("after %s: got %d, want %d", step.target, got, step.want)
		}
	}
	var log []Request
	if err := json.Unmarshal(f.command(http.MethodGet, "/crest-sim/requests", "127.0.0.1:1").Body.Bytes(), &log); err != nil || len(log) != 3 {
		t.Errorf("got %d requests, %v", len(log), err)
	}
}

func TestControlSetsTheLag(t *testing.T) {
	f := newFixture(t, nil)
	f.command(http.MethodPost, "/crest-sim/lag?lag=1h", "127.0.0.1:1")
	if n := len(f.ask(usage).Data.Attributes.Series); n != 0 {
		t.Errorf("got %d series in spite of the lag", n)
	}
}

func TestControlRefuses(t *testing.T) {
	tests := map[string]struct {
		target, from string
		want         int
	}{
		"another machine":     {"/crest-sim/clear", "192.0.2.1:1", http.StatusForbidden},
		"an unknown fault":    {"/crest-sim/fault?name=gremlins", "127.0.0.1:1", http.StatusBadRequest},
		"a bad parameter":     {"/crest-sim/fault?name=slow&delay=long", "127.0.0.1:1", http.StatusBadRequest},
		"a lag without value": {"/crest-sim/lag", "127.0.0.1:1", http.StatusBadRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			if rw := f.command(http.MethodPost, test.target, test.from); rw.Code != test.want {
				t.Errorf("got %d %s, want %d", rw.Code, rw.Body, test.want)
			}
		})
	}
}

func TestParseFault(t *testing.T) {
	values, err := url.ParseQuery("name=slow&namespace=a&workload=b&container=c&requests=1&code=2&body=d&delay=3s&size=4&host=e&host=f&fraction=.5&width=6m&value=-7&shift=8h")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseFault(values)
	want := Fault{
		Kind: Slow, Namespace: "a", Workload: "b", Container: "c", Requests: 1, Code: 2, Body: "d", Delay: 3 * time.Second,
		Size: 4, Hosts: []string{"e", "f"}, Fraction: .5, Width: 6 * time.Minute, Value: -7, Shift: 8 * time.Hour,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}
