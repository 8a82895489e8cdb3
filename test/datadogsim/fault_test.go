package datadogsim

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFaultsOfTheBody(t *testing.T) {
	tests := map[string]struct {
		fault  Fault
		status int
		want   string // in the body
	}{
		"an error in a 200":            {Fault{Kind: ErrorsString}, 200, `{"errors":"Query timed out"}`},
		"an error beside the data":     {Fault{Kind: ErrorsBesideData}, 200, `,"errors":"Query timed out"}`},
		"errors of the wrong type":     {Fault{Kind: ErrorsArray}, 200, `{"errors":["Query timed out"]}`},
		"numbers as strings":           {Fault{Kind: NumbersAsStrings}, 200, `"query_index":"0"`},
		"data that are null":           {Fault{Kind: NullData}, 200, `{"data":null}`},
		"no content":                   {Fault{Kind: NoContent}, 204, ""},
		"a page of a proxy":            {Fault{Kind: HTMLPage}, 200, "<html>"},
		"a huge answer":                {Fault{Kind: Huge, Size: 1 << 20}, 200, strings.Repeat(" ", 1<<19)},
		"401":                          {Fault{Kind: Status, Code: 401}, 401, `{"errors":["Unauthorized"]}`},
		"403":                          {Fault{Kind: Status, Code: 403}, 403, `{"errors":["Forbidden"]}`},
		"422":                          {Fault{Kind: Status, Code: 422}, 422, `{"errors":["No data`},
		"500":                          {Fault{Kind: Status}, 500, `{"errors":["Internal Server Error"]}`},
		"502 as HTML":                  {Fault{Kind: Status, Code: 502, Body: Page}, 502, "<html>"},
		"503 with a body of one's own": {Fault{Kind: Status, Code: 503, Body: "{}"}, 503, "{}"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.fault(test.fault)
			rw := f.post(f.body(usage))
			if rw.Code != test.status || !strings.Contains(rw.Body.String(), test.want) {
				t.Errorf("got %d %.200s, want %d %.200s", rw.Code, rw.Body, test.status, test.want)
			}
			if err := f.sim.ClearFaults(); err != nil {
				t.Fatal(err)
			}
			f.ask(usage)
		})
	}
}

func TestATruncatedAnswerIsNoJSON(t *testing.T) {
	f := newFixture(t, nil)
	f.fault(Fault{Kind: Truncated})
	rw := f.post(f.body(usage))
	if rw.Code != http.StatusOK || rw.Body.Len() == 0 || json.Valid(rw.Body.Bytes()) {
		t.Errorf("got %d %s", rw.Code, rw.Body)
	}
}

func TestA429AnnouncesWhenItEnds(t *testing.T) {
	f := newFixture(t, nil)
	f.fault(Fault{Kind: Status, Code: 429, Delay: 42 * time.Second, Requests: 1}, Fault{Kind: Status, Code: 429})
	with, without := f.post(f.body(usage)), f.post(f.body(usage))
	if with.Code != 429 || with.Header().Get("X-RateLimit-Reset") != "42" || with.Header().Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("got %d %v", with.Code, with.Header())
	}
	if without.Code != 429 || without.Header().Get("X-RateLimit-Reset") != "" {
		t.Errorf("got %d %v", without.Code, without.Header())
	}
}

func TestTheDateCanBeWrong(t *testing.T) {
	f := newFixture(t, nil)
	f.fault(Fault{Kind: DateShifted, Shift: -time.Hour})
	got, err := http.ParseTime(f.post(f.body(usage)).Header().Get("Date"))
	if err != nil || !got.Equal(f.now.Add(-time.Hour)) {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestFaultsOfTheData(t *testing.T) {
	tests := map[string]struct {
		fault Fault
		holds func(w wire) bool
	}{
		"no series at all": {Fault{Kind: Empty}, func(w wire) bool {
			return w.Data != nil && len(w.Data.Attributes.Series)+len(w.Data.Attributes.Times) == 0
		}},
		"a workload is missing":       {Fault{Kind: Missing, Workload: "item"}, groups()},
		"a container is missing":      {Fault{Kind: Missing, Container: "app"}, groups(proxyGroup)},
		"another workload is missing": {Fault{Kind: Missing, Workload: "cart"}, groups(appGroup, proxyGroup)},
		"the workload's tag is missing": {Fault{Kind: Untagged, Container: "app"}, groups(
			proxyGroup, strings.Replace(appGroup, "kube_deployment:item", "kube_deployment:N/A", 1))},
		"data stopped a minute ago": {Fault{Kind: Frozen, Since: start.Add(90 * time.Second)}, func(w wire) bool {
			return slices.Equal(w.Data.Attributes.Times, []int64{start.Add(time.Minute).UnixMilli()})
		}},
		"data of one container stopped": {Fault{Kind: Frozen, Container: "app", Since: start.Add(90 * time.Second)}, func(w wire) bool {
			return cores(w.byGroup()[appGroup]) == "0.200 -" && cores(w.byGroup()[proxyGroup]) == "0.100 0.100"
		}},
		"rows are doubled": {Fault{Kind: Doubled}, func(w wire) bool {
			return len(w.Data.Attributes.Series) == 4 && len(w.byGroup()) == 2
		}},
		"rows of others": {Fault{Kind: Foreign, Container: "app"}, groups(
			appGroup, proxyGroup, strings.Replace(appGroup, "shop", "foreign-shop", 1))},
		"nulls at the end": {Fault{Kind: NullTail}, func(w wire) bool {
			return cores(w.byGroup()[appGroup]) == "0.200 -" && len(w.Data.Attributes.Times) == 2
		}},
		"rows that are null": {Fault{Kind: NullRows, Container: "app"}, func(w wire) bool {
			return w.byGroup()[appGroup] == nil && w.byGroup()[proxyGroup] != nil
		}},
		"negative values": {Fault{Kind: Absurd, Value: -1e9}, func(w wire) bool {
			return cores(w.byGroup()[appGroup]) == "-1.000 -1.000"
		}},
		"rows longer than times":  {Fault{Kind: RowsLong}, func(w wire) bool { return len(w.byGroup()[appGroup]) == 3 }},
		"rows shorter than times": {Fault{Kind: RowsShort}, func(w wire) bool { return len(w.byGroup()[appGroup]) == 1 }},
		"fewer rows than series": {Fault{Kind: RowsMissing}, func(w wire) bool {
			return len(w.Data.Attributes.Values) == 1 && len(w.Data.Attributes.Series) == 2
		}},
		"times in seconds": {Fault{Kind: TimesInSeconds}, func(w wire) bool {
			return w.Data.Attributes.Times[0] == start.Add(time.Minute).Unix()
		}},
		"times in the future": {Fault{Kind: TimesShifted, Shift: time.Hour}, func(w wire) bool {
			return w.Data.Attributes.Times[0] == start.Add(time.Hour+time.Minute).UnixMilli()
		}},
		"wider buckets than asked": {Fault{Kind: Coarser, Width: time.Minute}, func(w wire) bool {
			return slices.Equal(w.Data.Attributes.Times, []int64{start.Add(time.Minute).UnixMilli()})
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.fault(test.fault)
			rw := f.post(f.body(usage))
			var w wire
			if err := json.Unmarshal(rw.Body.Bytes(), &w); err != nil {
				t.Fatalf("%v in %s", err, rw.Body)
			}
			if !test.holds(w) {
				t.Errorf("got %s", rw.Body)
			}
		})
	}
}

// groups holds if an answer has exactly these groups.
func groups(want ...string) func(wire) bool {
	return func(w wire) bool {
		got := w.byGroup()
		for _, g := range want {
			if got[g] == nil {
				return false
			}
		}
		return len(got) == len(want)
	}
}

func TestNotANumberIsNoJSON(t *testing.T) {
	f := newFixture(t, nil)
	f.fault(Fault{Kind: Absurd, Value: math.NaN()})
	if rw := f.post(f.body(usage)); !strings.Contains(rw.Body.String(), "[NaN,NaN]") {
		t.Errorf("got %s", rw.Body)
	}
}

func TestAgentsGoneShowInTheCoverage(t *testing.T) {
	sum := "sum:kubernetes.cpu.requests{kube_container_name:app}.rollup(avg,30).fill(null)"
	tests := map[string]struct {
		fault Fault
		want  float64 // Pods in the newest bucket, of 10
	}{
		"none":                      {Fault{Kind: Missing, Workload: "nobody"}, 10},
		"three fifths of the hosts": {Fault{Kind: AgentsGone, Fraction: 0.6, Since: start}, 4},
		"all hosts":                 {Fault{Kind: AgentsGone, Fraction: 1, Since: start.Add(90 * time.Second)}, 10},
		"a host by name":            {Fault{Kind: AgentsGone, Hosts: []string{"node-3"}, Since: start}, 9},
		"a cluster of one name":     {Fault{Kind: TwoClusters}, 20},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			for i := 2; i < 10; i++ {
				f.world.SetPod(start, podOf("shop", "item", i))
			}
			f.world.Step(start)
			f.fault(test.fault)
			values := f.ask(sum).byGroup()["[]"]
			if got := *values[len(values)-1]; got != test.want {
				t.Errorf("got %g, want %g", got, test.want)
			}
		})
	}
}

func TestShufflingKeepsValuesWithTheirSeries(t *testing.T) {
	f := newFixture(t, nil)
	f.fault(Fault{Kind: Shuffled})
	orders := make(map[string]bool)
	// Twenty shuffles of two rows leave one order unseen once in 500,000 runs.
	for range 20 {
		w := f.ask(usage)
		orders[w.Data.Attributes.Series[0].Tags[2]] = true
		if got := cores(w.byGroup()[appGroup]); got != "0.200 0.200" {
			t.Fatalf("app reads %s", got)
		}
	}
	if len(orders) != 2 {
		t.Errorf("only one order was seen: %v", orders)
	}
}

func TestAFaultCanStrikeSomeRequestsOnly(t *testing.T) {
	asks := func(filter string) string { return "avg:m{" + filter + "} by {kube_namespace}" }
	tests := map[string]struct {
		fault  Fault
		filter string
		want   []int // the status of consecutive requests
	}{
		"the next two":                          {Fault{Requests: 2}, "*", []int{503, 503, 200}},
		"about a namespace":                     {Fault{Namespace: "shop"}, "kube_namespace IN (bank,shop)", []int{503, 503}},
		"about another namespace":               {Fault{Namespace: "shop"}, "kube_namespace:bank", []int{200}},
		"about a workload":                      {Fault{Workload: "item"}, "a:1 AND (NOT b:2 OR kube_deployment:item)", []int{503}},
		"about a workload of another namespace": {Fault{Namespace: "shop", Workload: "item"}, "kube_namespace:bank AND kube_deployment:item", []int{200}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			test.fault.Kind, test.fault.Code = Status, 503
			f.fault(test.fault)
			for i, want := range test.want {
				if got := f.post(f.body(asks(test.filter))).Code; got != want {
					t.Errorf("request %d: got %d, want %d", i, got, want)
				}
			}
		})
	}
}

func TestFaultsAreComposable(t *testing.T) {
	f := newFixture(t, nil)
	f.fault(Fault{Kind: Missing, Container: "app"}, Fault{Kind: TimesInSeconds}, Fault{Kind: Doubled})
	w := f.ask(usage)
	if len(w.Data.Attributes.Series) != 2 || len(w.byGroup()) != 1 || w.Data.Attributes.Times[0] > 1e11 {
		t.Errorf("got %+v", w.Data)
	}
	if got := f.sim.Requests()[0].Faults; !slices.Equal(got, []FaultKind{Missing, TimesInSeconds, Doubled}) {
		t.Errorf("the log names %q", got)
	}
}

func TestEveryKindOfFaultCanBeSet(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			f := newFixture(t, nil)
			f.fault(Fault{Kind: kind, Delay: time.Millisecond, Fraction: 1})
			if err := f.sim.ClearFaults(); err != nil {
				t.Fatal(err)
			}
			f.ask(usage)
		})
	}
}

func TestBadFaultsAreRefused(t *testing.T) {
	for name, fault := range map[string]Fault{
		"an unknown kind":                {Kind: "gremlins"},
		"a scope where there is none":    {Kind: Empty, Namespace: "shop"},
		"a count of refused connections": {Kind: Refuse, Requests: 1},
		"slow without a delay":           {Kind: Slow},
		"agents gone from nowhere":       {Kind: AgentsGone},
		"a negative count":               {Kind: Hang, Requests: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if err := newFixture(t, nil).sim.SetFault(fault); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}

func TestFaultsOfTheTransport(t *testing.T) {
	tests := map[string]struct {
		fault Fault
		want  func(err error) bool
	}{
		"refused":          {Fault{Kind: Refuse}, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
		"a black hole":     {Fault{Kind: Hang}, timedOut},
		"too slow":         {Fault{Kind: Slow, Delay: time.Minute}, timedOut},
		"slow but in time": {Fault{Kind: Slow, Delay: time.Millisecond}, func(err error) bool { return err == nil }},
		"reset in the middle of the body": {Fault{Kind: Reset}, func(err error) bool {
			return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrUnexpectedEOF)
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			url, err := f.sim.Start("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			patient := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
			hasty := &http.Client{Transport: patient.Transport, Timeout: 500 * time.Millisecond}
			if status, _, err := f.over(patient, url); err != nil || status != http.StatusOK {
				t.Fatalf("before the fault: %d, %v", status, err)
			}
			// An idle connection that is just being closed would answer EOF.
			patient.CloseIdleConnections()
			f.fault(test.fault)
			if _, _, err := f.over(hasty, url); !test.want(err) {
				t.Errorf("during the fault: %v", err)
			}
			if err := f.sim.ClearFaults(); err != nil {
				t.Fatal(err)
			}
			if status, _, err := f.over(patient, url); err != nil || status != http.StatusOK {
				t.Errorf("after the fault: %d, %v", status, err)
			}
		})
	}
}

func timedOut(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestARequestThatHangsIsLoggedWhenTheClientLeaves(t *testing.T) {
	f := newFixture(t, nil)
	url, err := f.sim.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.fault(Fault{Kind: Hang})
	if _, _, err := f.over(&http.Client{Timeout: 50 * time.Millisecond}, url); !timedOut(err) {
		t.Fatalf("got %v", err)
	}
	struck := func(r Request) bool { return r.Status == 0 && slices.Equal(r.Faults, []FaultKind{Hang}) }
	if err := f.sim.WaitFor(t.Context(), start, 1, struck); err != nil {
		t.Error(err)
	}
}
