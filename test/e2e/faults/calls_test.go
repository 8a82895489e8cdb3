package faults

import (
	"fmt"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
)

// disobedient lists what is wrong with the times of requests, oldest first,
// that follow what the answers before them have announced: after a 429 the next
// one comes when the limit has been reset, and of each limit the last tenth is
// not used.
func disobedient(requests []datadogsim.Request) []error {
	var errs []error
	var due time.Time
	why := ""
	for _, r := range requests {
		if r.Time.Before(due) {
			errs = append(errs, fmt.Errorf("a request at %s, %s too early: %s", clock(r.Time), due.Sub(r.Time), why))
		}
		tenth := r.Limit / 10
		switch {
		case r.Limit == 0:
		case r.Status == 429:
			due, why = r.Time.Add(r.Reset), fmt.Sprintf("at %s a 429 said to wait for %s", clock(r.Time), r.Reset)
		case r.Remaining < tenth:
			errs = append(errs, fmt.Errorf("the request at %s left %d of %d, which is less than a tenth", clock(r.Time), r.Remaining, r.Limit))
		case r.Remaining == tenth:
			due, why = r.Time.Add(r.Reset), fmt.Sprintf("at %s a tenth of the limit was left, for %s", clock(r.Time), r.Reset)
		}
	}
	return errs
}

func clock(t time.Time) string { return t.Format("15:04:05.000") }

func TestRequestsThatDisobeyTheHeadersAreSeen(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	for name, test := range map[string]struct {
		requests []datadogsim.Request
		want     int
	}{
		"nothing is announced": {[]datadogsim.Request{{Time: at(0)}, {Time: at(0)}}, 0},
		"a 429 is obeyed":      {[]datadogsim.Request{{Time: at(0), Status: 429, Limit: 1, Reset: 3 * time.Second}, {Time: at(3)}}, 0},
		"a 429 is not obeyed":  {[]datadogsim.Request{{Time: at(0), Status: 429, Limit: 1, Reset: 3 * time.Second}, {Time: at(2)}}, 1},
		"there is enough left": {[]datadogsim.Request{{Time: at(0), Limit: 20, Remaining: 3, Reset: time.Minute}, {Time: at(1)}}, 0},
		"a tenth is left, and waits": {
			[]datadogsim.Request{{Time: at(0), Limit: 20, Remaining: 2, Reset: time.Minute}, {Time: at(60)}}, 0,
		},
		"of the last tenth one is used": {[]datadogsim.Request{
			{Time: at(0), Limit: 20, Remaining: 2, Reset: time.Minute}, {Time: at(1), Limit: 20, Remaining: 1, Reset: time.Minute},
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			if errs := disobedient(test.requests); len(errs) != test.want {
				t.Errorf("got %v, want %d errors", errs, test.want)
			}
		})
	}
}
