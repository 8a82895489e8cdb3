package datadog

import (
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
)

// mostClockDifference is beyond what networks explain. Buckets are chosen by
// our clock: one that is behind gets older data, one that is ahead none.
const mostClockDifference = 10 * time.Second

// clockCheck compares our clock with Datadog's.
type clockCheck struct {
	metrics *metrics
	log     logr.Logger

	mu    sync.Mutex
	wrong bool
}

// see takes the Date of an answer that arrived at receipt, by our clock.
func (c *clockCheck) see(header http.Header, receipt time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	// A Date is cut to the second, so on average it is half a second late.
	difference := receipt.Sub(date.Add(time.Second / 2))
	c.metrics.clockDifference.Set(difference.Seconds())
	c.mu.Lock()
	defer c.mu.Unlock()
	wrong := difference.Abs() > mostClockDifference
	if wrong == c.wrong {
		return
	}
	c.wrong = wrong
	if wrong {
		c.log.Info("Our clock and Datadog's differ; check the time of this node", "aheadOfDatadog", difference.Round(time.Second).String())
	} else {
		c.log.Info("Our clock and Datadog's agree again", "aheadOfDatadog", difference.Round(time.Second).String())
	}
}
