package datadog

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func testMetrics(t *testing.T) *metrics {
	t.Helper()
	m, err := newMetrics(prometheus.NewPedanticRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// recorder is a Logger and the messages that it got.
func recorder() (logr.Logger, *[]string) {
	var lines []string
	return funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{}), &lines
}

// limits are the headers of a rate limit; an empty value is no header.
func limits(limit, period, remaining, reset string) http.Header {
	h := http.Header{}
	for name, value := range map[string]string{"Limit": limit, "Period": period, "Remaining": remaining, "Reset": reset, "Name": "batch_query"} {
		if value != "" {
			h.Set("X-RateLimit-"+name, value)
		}
	}
	return h
}

func TestPace(t *testing.T) {
	for name, test := range map[string]struct {
		status    int
		header    http.Header
		calls     int
		after     time.Duration
		interval  time.Duration
		notBefore time.Duration // after noon; 0 is at any time
	}{
		"without headers, as configured":                 {200, http.Header{}, 1, 0, 30 * time.Second, 0},
		"with plenty left, as configured":                {200, limits("300", "3600", "299", "3600"), 1, 0, 30 * time.Second, 0},
		"with little left, what is left is spread":       {200, limits("100", "3600", "90", "3600"), 1, 0, 45 * time.Second, 0},
		"a collection of several calls needs them all":   {200, limits("1000", "3600", "900", "3600"), 10, 0, 45 * time.Second, 0},
		"never more than a third of maxAge":              {200, limits("100", "3600", "20", "3600"), 1, 0, time.Minute, 0},
		"the last tenth is left to others":               {200, limits("100", "3600", "10", "120"), 1, 0, 30 * time.Second, 2 * time.Minute},
		"less than a collection needs is left":           {200, limits("100", "3600", "14", "120"), 5, 0, 30 * time.Second, 2 * time.Minute},
		"a limit below ten may be used to its end":       {200, limits("5", "60", "1", "20"), 1, 0, 30 * time.Second, 0},
		"a collection beyond the limit waits for all":    {200, limits("20", "60", "18", "20"), 50, 0, 30 * time.Second, 20 * time.Second},
		"and then does not wait for what cannot be":      {200, limits("20", "60", "18", "20"), 50, 20 * time.Second, time.Minute, 0},
		"after the reset, a whole limit":                 {200, limits("100", "900", "10", "120"), 1, 2 * time.Minute, 30 * time.Second, 0},
		"without Reset, the period counts":               {200, limits("100", "300", "10", ""), 1, 0, 30 * time.Second, 5 * time.Minute},
		"headers that are no numbers are none":           {200, limits("many", "1", "few", "soon"), 1, 0, 30 * time.Second, 0},
		"negative headers are none":                      {200, limits("100", "3600", "-1", "-5"), 1, 0, 30 * time.Second, 0},
		"a reset in a year is believed for a day":        {200, limits("100", "3600", "0", "31536000"), 1, 0, 30 * time.Second, 24 * time.Hour},
		"after a 429, when the limit resets":             {429, limits("100", "3600", "0", "77"), 1, 0, 30 * time.Second, 77 * time.Second},
		"after a 429 with nothing but Reset":             {429, limits("", "", "", "77"), 1, 0, 30 * time.Second, 77 * time.Second},
		"after a 429 without headers, after an interval": {429, http.Header{}, 1, 0, 30 * time.Second, 30 * time.Second},
		"a 429 that resets at once waits a second":       {429, limits("", "", "", "0"), 1, 0, 30 * time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBudget(30*time.Second, 3*time.Minute, testMetrics(t), logr.Discard())
			b.plan(test.calls, noon)
			b.see(test.status, test.header, noon)
			interval, notBefore := b.pace(noon.Add(test.after))
			want := time.Time{}
			if test.notBefore > 0 {
				want = noon.Add(test.notBefore)
			}
			if interval != test.interval || !notBefore.Equal(want) {
				t.Errorf("got %s and not before %s, want %s and %s", interval, notBefore, test.interval, want)
			}
		})
	}
}

func TestRefusalsInARowBackOff(t *testing.T) {
	b := newBudget(30*time.Second, 3*time.Minute, testMetrics(t), logr.Discard())
	now := noon
	var waits []time.Duration
	for range 6 {
		b.see(http.StatusTooManyRequests, http.Header{}, now)
		b.see(http.StatusTooManyRequests, http.Header{}, now) // a call made side by side
		_, next := b.pace(now)
		waits = append(waits, next.Sub(now))
		now = next
	}
	want := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute}
	if !slices.Equal(waits, want) {
		t.Errorf("got %v, want %v", waits, want)
	}
	b.see(http.StatusOK, http.Header{}, now)
	b.see(http.StatusTooManyRequests, http.Header{}, now)
	if _, next := b.pace(now); next.Sub(now) != 30*time.Second {
		t.Errorf("after an answer the wait is %s, want 30s", next.Sub(now))
	}
}

func TestCallsStopBeforeTheLastTenth(t *testing.T) {
	b := newBudget(30*time.Second, 3*time.Minute, testMetrics(t), logr.Discard())
	b.see(http.StatusOK, limits("20", "60", "4", "40"), noon)
	for i := range 2 {
		if err := b.admit(noon); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	err := b.admit(noon)
	failure := (*Error)(nil)
	if !errors.As(err, &failure) || failure.Code != CodeBudget || !strings.Contains(err.Error(), `of the 20 calls that Datadog's rate limit "batch_query" allows 2 are left`) ||
		!strings.Contains(err.Error(), "again in 40s") {
		t.Errorf("got %v", err)
	}
	if err := b.admit(noon.Add(40 * time.Second)); err != nil {
		t.Errorf("after the reset: %v", err)
	}
}

func TestAnswersSideBySideCountTheLeastThatRemains(t *testing.T) {
	m := testMetrics(t)
	b := newBudget(30*time.Second, 3*time.Minute, m, logr.Discard())
	b.see(http.StatusOK, limits("100", "60", "50", "30"), noon)
	b.see(http.StatusOK, limits("100", "60", "51", "29"), noon.Add(time.Second))
	if got := testutil.ToFloat64(m.remaining); got != 50 {
		t.Errorf("got %v remaining, want 50", got)
	}
	b.see(http.StatusOK, limits("100", "60", "99", "60"), noon.Add(30*time.Second))
	if got := testutil.ToFloat64(m.remaining); got != 99 {
		t.Errorf("got %v remaining in the next period, want 99", got)
	}
	if limit, reset := testutil.ToFloat64(m.limit), testutil.ToFloat64(m.reset); limit != 100 || reset != 60 {
		t.Errorf("got the limit %v and the reset %v", limit, reset)
	}
}

func TestARateLimitThatIsChangedCountsFromThen(t *testing.T) {
	m := testMetrics(t)
	b := newBudget(30*time.Second, 3*time.Minute, m, logr.Discard())
	b.see(http.StatusTooManyRequests, limits("1", "30", "0", "30"), noon)
	b.see(http.StatusOK, limits("100", "60", "99", "30"), noon)
	if got := testutil.ToFloat64(m.remaining); got != 99 {
		t.Errorf("got %v remaining, want the 99 of the new limit, though it resets at the same moment", got)
	}
}

func TestARateLimitOfAnotherNameReplacesTheOld(t *testing.T) {
	m := testMetrics(t)
	b := newBudget(30*time.Second, 3*time.Minute, m, logr.Discard())
	b.see(http.StatusOK, limits("100", "60", "50", "30"), noon)
	other := limits("200", "60", "150", "30")
	other.Set("X-RateLimit-Name", "another")
	b.see(http.StatusOK, other, noon)
	if n := testutil.CollectAndCount(m.remaining); n != 1 || testutil.ToFloat64(m.remaining.WithLabelValues("another")) != 150 {
		t.Errorf("got %d rate limits, want the newer one alone", n)
	}
}

func TestAStretchedIntervalIsLoggedOnceAndSoIsItsEnd(t *testing.T) {
	log, lines := recorder()
	b := newBudget(30*time.Second, 3*time.Minute, testMetrics(t), log)
	b.see(http.StatusOK, limits("100", "3600", "90", "3600"), noon)
	b.report(noon)
	b.report(noon.Add(time.Second))
	if len(*lines) != 1 || !strings.Contains((*lines)[0], `"interval"="45s"`) {
		t.Fatalf("got %q, want one line with the interval", *lines)
	}
	b.see(http.StatusOK, limits("1000", "3600", "900", "3600"), noon.Add(2*time.Second))
	b.report(noon.Add(2 * time.Second))
	b.report(noon.Add(3 * time.Second))
	if len(*lines) != 2 || !strings.Contains((*lines)[1], "allows the interval again") {
		t.Errorf("got %q, want a second line for the end", *lines)
	}
}

func TestASmallCollectionBetweenLargeOnesDoesNotChangeThePlan(t *testing.T) {
	log, lines := recorder()
	b := newBudget(30*time.Second, 3*time.Minute, testMetrics(t), log)
	now, remaining := noon, 900
	collect := func(calls int, after time.Duration) time.Duration {
		now, remaining = now.Add(after), remaining-calls
		b.plan(calls, now)
		b.see(http.StatusOK, limits("1000", "3600", strconv.Itoa(remaining), strconv.Itoa(int(noon.Add(time.Hour).Sub(now).Seconds()))), now)
		b.report(now)
		interval, _ := b.pace(now)
		return interval
	}
	for range 10 {
		large := collect(10, 35*time.Second)
		small := collect(1, 10*time.Second)
		if large <= 40*time.Second || small <= 40*time.Second {
			t.Fatalf("got %s after ten calls and %s after one, want what ten need", large, small)
		}
	}
	if len(*lines) != 1 {
		t.Errorf("got the lines %q, want one", *lines)
	}
	collect(1, time.Minute)
	if interval := collect(1, time.Minute+time.Second); interval != 30*time.Second {
		t.Errorf("once there are only small ones: got %s, want 30s", interval)
	}
}

func TestTheClockIsComparedWithTheDateOfTheAnswer(t *testing.T) {
	log, lines := recorder()
	m := testMetrics(t)
	c := &clockCheck{metrics: m, log: log}
	header := http.Header{}
	header.Set("Date", noon.Format(http.TimeFormat))
	for _, late := range []time.Duration{0, 5 * time.Second, 12 * time.Second, 13 * time.Second, -20 * time.Second, time.Second} {
		c.see(header, noon.Add(late))
		if got, want := testutil.ToFloat64(m.clockDifference), late.Seconds()-0.5; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	c.see(http.Header{}, noon.Add(time.Hour))
	if len(*lines) != 2 || !strings.Contains((*lines)[0], "differ") || !strings.Contains((*lines)[1], "agree again") {
		t.Errorf("got %q, want one line when they differ and one when they agree", *lines)
	}
}
