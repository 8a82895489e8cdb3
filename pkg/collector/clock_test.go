package collector_test

import (
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/collector"
)

// crooked is a scene whose collector goes by a clock that can be set, while
// both sources and the bubble keep the time.
type crooked struct {
	*scene
	// off is by how much the clock is ahead.
	off *atomic.Int64
}

func (c crooked) now() time.Time        { return clock().Add(time.Duration(c.off.Load())) }
func (c crooked) set(off time.Duration) { c.off.Store(int64(off)) }

// ask is what a reader gets, by the same clock.
func (c crooked) ask() (collector.Result, error) {
	e, ok := c.Snapshot().Get(item)
	if !ok {
		c.t.Fatal("it is not in the snapshot")
	}
	return e.Max(c.world.Scale(item), c.now())
}

// says is the answer or the error in words.
func (c crooked) says() string {
	r, err := c.ask()
	if err != nil {
		return err.Error()
	}
	return short(r)
}

// mustSay ends the test at the first answer that does not hold all of this.
func (c crooked) mustSay(parts ...string) {
	c.t.Helper()
	contains(c.t, c.says(), parts...)
	if c.t.Failed() {
		c.t.FailNow()
	}
}

func playCrooked(t *testing.T, story func(t *testing.T, c crooked)) {
	t.Helper()
	off := &atomic.Int64{}
	play(t, func(t *testing.T, s *scene) {
		s.datadog.own = true
		s.world.pods[item.Workload] = ready("item", 10, clockless.Add(-48*time.Hour))
		story(t, crooked{s, off})
	}, func(o *collector.Options) {
		o.Now = func() time.Time { return clock().Add(time.Duration(off.Load())) }
	})
}

const (
	right     = "90 istio-proxy datadog"
	returning = "95 istio-proxy datadog held Returning measured 90"
)

// settings are clocks that are set wrong for a while.
var settings = map[string]struct {
	off, lasts time.Duration
	// wrong is what is answered meanwhile, after is what is answered soon
	// after the clock is right again.
	wrong, after string
}{
	"a minute ahead is within what data may be late": {time.Minute, 10 * time.Minute, right, right},
	"an hour ahead all data are old":                 {time.Hour, 10 * time.Minute, "no source has usable data", returning},
	"ten minutes ahead for some seconds":             {10 * time.Minute, 20 * time.Second, "no source has usable data", returning},
	"an hour behind all data are of the future":      {-time.Hour, 10 * time.Minute, "no source has usable data", returning},
	"ten minutes behind for some seconds":            {-10 * time.Minute, 20 * time.Second, "no source has usable data", returning},
}

func TestAClockThatIsSetWrongAndRightAgain(t *testing.T) {
	for name, test := range settings {
		t.Run(name, func(t *testing.T) {
			playCrooked(t, func(t *testing.T, c crooked) {
				c.world.target(95)
				c.start()
				c.pass(proven)
				c.set(test.off)
				c.watch(test.lasts, func(time.Duration) { c.mustSay(test.wrong) })
				c.set(0)
				c.pass(80 * time.Second)
				if got := c.says(); got != test.after {
					t.Errorf("80 s after it is right again: %q, want %q", got, test.after)
				}
				c.pass(5*time.Minute + 30*time.Second)
				if got := c.says(); got != right {
					t.Errorf("seven minutes after it is right again: %q, want %q", got, right)
				}
			})
		})
	}
}

func TestAtTheMomentThatTheClockIsSetBackNothingOfTheFutureIsServed(t *testing.T) {
	playCrooked(t, func(t *testing.T, c crooked) {
		c.start()
		c.pass(proven)
		c.set(-time.Hour)
		contains(t, c.says(), "no source has usable data", "ahead of Crest's clock; was the clock of this node set back")
		if _, err := c.entry().PodAverage(c.now()); err == nil {
			t.Error("the Pod average is of the future")
		}
	})
}

func (c crooked) entry() *collector.Entry {
	c.t.Helper()
	e, ok := c.Snapshot().Get(item)
	if !ok {
		c.t.Fatal("it is not in the snapshot")
	}
	return e
}

// The clock is set to where it was before an outage.
func TestASampleDoesNotBecomeYoungAgain(t *testing.T) {
	playCrooked(t, func(t *testing.T, c crooked) {
		c.start()
		c.pass(proven)
		c.datadog.do(func() { c.datadog.err = errRefused })
		c.metricsServer.do(func() { c.metricsServer.err = errRefused })
		c.pass(time.Hour)
		c.set(-time.Hour)
		c.pass(20 * time.Second) // until the loop has seen it
		c.watch(5*time.Minute, func(time.Duration) { c.mustSay("no source has usable data", errRefused.Error()) })
	})
}

func TestWhatDatadogRemembersIsNotNew(t *testing.T) {
	playCrooked(t, func(t *testing.T, c crooked) {
		c.start()
		c.pass(2 * time.Hour)
		c.set(-time.Hour)
		c.watch(30*time.Minute, func(time.Duration) { c.mustSay("no source has usable data") })
	})
}

func TestWhateverTheClockDoesNoAnswerIsOldOrOfTheFuture(t *testing.T) {
	offsets := []time.Duration{
		0, 0, 0, time.Second, -time.Second, 20 * time.Second, -20 * time.Second, time.Minute, -time.Minute,
		2 * time.Minute, -2 * time.Minute, 5 * time.Minute, -5 * time.Minute, time.Hour, -time.Hour, 24 * time.Hour,
	}
	for seed := range uint64(8) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			playCrooked(t, func(t *testing.T, c crooked) {
				c.start()
				c.pass(time.Minute)
				answers, off := 0, time.Duration(0)
				for range 150 {
					off = offsets[random.IntN(len(offsets))]
					c.set(off)
					c.pass(time.Second)
					c.watch(time.Duration(random.IntN(120))*time.Second, func(time.Duration) {
						r, err := c.ask()
						if err != nil {
							return
						}
						answers++
						if age := clock().Sub(r.Span.End); age > 3*time.Minute+off.Abs() {
							t.Fatalf("with a clock that is off by %s data are served that are %s old", off, age)
						}
						if ahead := r.Span.End.Sub(c.now()); ahead > 30*time.Second {
							t.Fatalf("with a clock that is off by %s data are served that are %s ahead", off, ahead)
						}
						if r.Value != 90 && r.Value != 55 {
							t.Fatalf("the answer is %s", short(r))
						}
					})
				}
				c.set(0)
				c.pass(2 * time.Minute)
				if got := c.says(); got != "90 istio-proxy datadog" {
					t.Errorf("two minutes after the clock is right: %q", got)
				}
				if answers < 1000 {
					t.Errorf("there were only %d answers", answers)
				}
			})
		})
	}
}
