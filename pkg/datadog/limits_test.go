package datadog

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// limited is a Datadog with a rate limit, which counts its calls. Its clock is
// that of the test.
type limited struct {
	now          *time.Time
	limit        int
	period       time.Duration
	began        time.Time
	calls, spent int // in all, and in this period
	most         int // in any period
}

func (l *limited) answer(w http.ResponseWriter, r *http.Request) {
	if passed := l.now.Sub(l.began); passed >= l.period {
		l.began, l.spent = l.began.Add(passed.Truncate(l.period)), 0
	}
	l.calls, l.spent = l.calls+1, l.spent+1
	l.most = max(l.most, l.spent)
	for name, value := range map[string]int{
		"Limit": l.limit, "Period": int(l.period.Seconds()), "Remaining": max(l.limit-l.spent, 0),
		"Reset": int(math.Ceil(l.began.Add(l.period).Sub(*l.now).Seconds())),
	} {
		w.Header().Set("X-RateLimit-"+name, strconv.Itoa(value))
	}
	if l.spent > l.limit {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	answerTo(w, r)
}

func TestTheLastTenthOfABudgetIsNotSpent(t *testing.T) {
	for name, test := range map[string]struct {
		limit  int
		period time.Duration
	}{
		"a budget of an hour":   {100, time.Hour},
		"a budget of a minute":  {20, time.Minute},
		"a budget of 7 minutes": {300, 7 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			now := noon
			there := &limited{now: &now, limit: test.limit, period: test.period, began: noon}
			o := testOptions(serve(t, there.answer))
			o.MaxWorkloadsPerQuery = 1
			c := newClient(t, o)
			// Somebody asks about three batches every second, whatever the pace
			// is: one after the other, as the server counts them.
			for ; now.Before(noon.Add(2 * time.Hour)); now = now.Add(time.Second) {
				for _, w := range deployments(3) {
					c.Collect(t.Context(), []utilization.Workload{w}, now)
				}
			}
			if may := test.limit - test.limit/10; there.most > may {
				t.Errorf("%d of %d calls were made in one period, want at most %d", there.most, test.limit, may)
			}
			if there.calls < 100 {
				t.Errorf("only %d calls were made in two hours", there.calls)
			}
		})
	}
}

func TestAnHourOfRefusalsCostsFewCalls(t *testing.T) {
	for name, test := range map[string]struct {
		reset string
		most  int32
	}{
		"each says to come back in ten minutes": {"600", 7},
		// 30 s, a minute, two, four, and then five.
		"none says when to come back": {"", 16},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			c := newClient(t, testOptions(serve(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				if test.reset != "" {
					w.Header().Set("X-RateLimit-Reset", test.reset)
				}
				w.WriteHeader(http.StatusTooManyRequests)
			})))
			// Somebody asks every second, whatever the pace is.
			for now := noon; now.Before(noon.Add(time.Hour)); now = now.Add(time.Second) {
				failure := (*Error)(nil)
				if err := c.Collect(t.Context(), []utilization.Workload{item}, now)[0].Err; !errors.As(err, &failure) {
					t.Fatalf("got %v", err)
				}
			}
			if n := calls.Load(); n > test.most || n < 2 {
				t.Errorf("an hour of 429 cost %d calls, want at most %d", n, test.most)
			}
		})
	}
}
