package e2e

import (
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
)

// The rate limit under which Datadog fails. A call a second, the interval of
// these tests, is five sixths of what it leaves to Crest, so that nothing but a
// call too many is ever near its end.
const (
	allowed       = 40
	allowedPeriod = 30 * time.Second
	// spent is what Crest may use of it: the last tenth is for others.
	spent = allowed - allowed/10
)

// limitCalls has Datadog announce that rate limit until the end of the test,
// which must be a serial one. The function that it returns reports more calls
// since than the limit leaves to Crest in any period, in bursts, or refused.
func limitCalls(t *testing.T) (check func()) {
	t.Helper()
	shared.Datadog.SetRateLimit(datadogsim.RateLimit{Name: "query_timeseries", Limit: allowed, Period: allowedPeriod})
	begin := time.Now()
	t.Cleanup(func() {
		shared.Datadog.SetRateLimit(datadogsim.RateLimit{Name: "query_timeseries", Limit: 100_000, Period: time.Minute})
	})
	return func() {
		t.Helper()
		var times []time.Time
		for _, r := range shared.Datadog.Requests() {
			if r.Time.Before(begin) {
				continue
			}
			times = append(times, r.Time)
			if r.Status == 429 {
				t.Errorf("at %s Datadog refused a call as one too many", r.Time.Format("15:04:05.000"))
			}
		}
		// One call that the interval makes, and one that is late, in a span.
		const burst = 3 * time.Second
		most, ofBurst := busiest(times, allowedPeriod), busiest(times, burst)
		t.Logf("%d calls in %s; at most %d in %s, where %d are allowed to Crest, and %d in %s",
			len(times), time.Since(begin).Round(time.Second), most, allowedPeriod, spent, ofBurst, burst)
		if most > spent {
			t.Errorf("%d calls to Datadog within %s, and its limit of %d leaves %d to Crest", most, allowedPeriod, allowed, spent)
		}
		if ofBurst > int(burst/time.Second)+2 {
			t.Errorf("%d calls to Datadog within %s, where one a second is due", ofBurst, burst)
		}
	}
}

// busiest is the largest number of moments, which are in order, within a span.
func busiest(times []time.Time, span time.Duration) int {
	most, first := 0, 0
	for i := range times {
		for times[i].Sub(times[first]) >= span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
