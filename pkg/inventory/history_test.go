package inventory

import (
	"reflect"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// at is a moment a number of seconds after noon.
func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func between(begin, end int) utilization.Span {
	return utilization.Span{Begin: at(begin), End: at(end)}
}

func TestTheMeanOfReadyPodsIsWeightedByTime(t *testing.T) {
	h := history{{at(0), 10, 12}, {at(30), 20, 22}, {at(60), 40, 40}}
	cases := map[string]struct {
		history history
		span    utilization.Span
		want    float64
		known   bool
	}{
		"one count throughout":                     {h, between(5, 25), 10, true},
		"half and half":                            {h, between(15, 45), 15, true},
		"three counts":                             {h, between(0, 90), 70.0 / 3, true},
		"the last count lasts":                     {h, between(100, 130), 40, true},
		"what is before the memory does not count": {h, between(-30, 30), 10, true},
		"a span before the memory is unknown":      {h, between(-60, -30), 0, false},
		"an empty span is unknown":                 {h, between(30, 30), 0, false},
		"no memory":                                {nil, between(0, 30), 0, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, known := c.history.meanReady(c.span); known != c.known || got-c.want > 1e-9 || c.want-got > 1e-9 {
				t.Errorf("mean = %v, %v; want %v, %v", got, known, c.want, c.known)
			}
		})
	}
}

func TestThePeakIsOfAllThatRanSinceTheBegin(t *testing.T) {
	h := history{{at(0), 1, 50}, {at(30), 2, 20}, {at(60), 3, 30}}
	for begin, want := range map[int]int{-10: 50, 0: 50, 29: 50, 30: 30, 59: 30, 60: 30, 90: 30} {
		if got := h.peakRunning(at(begin)); got != want {
			t.Errorf("peak since %d s = %d, want %d", begin, got, want)
		}
	}
}

func TestAHistoryForgetsAllButTheStepThatWasInForce(t *testing.T) {
	h := history{{at: at(0)}}
	for i := range 10 {
		h = h.with(at(10*(i+1)), i+1, i+1, 30*time.Second)
	}
	want := history{{at(70), 7, 7}, {at(80), 8, 8}, {at(90), 9, 9}, {at(100), 10, 10}}
	if !reflect.DeepEqual(h, want) {
		t.Errorf("history = %v, want %v", h, want)
	}
	if again := h.with(at(200), 10, 10, 30*time.Second); len(again) != len(h) {
		t.Errorf("a look that changes nothing made a step: %v", again)
	}
}

func TestAHistoryThatWasHandedOutDoesNotChange(t *testing.T) {
	handed := history{{at: at(0)}}.with(at(10), 1, 1, time.Hour)
	copied := append(history(nil), handed...)
	handed.with(at(20), 2, 2, time.Second)
	if !reflect.DeepEqual(handed, copied) {
		t.Errorf("it changed to %v", handed)
	}
}

func TestTheTimeBeforePodsWereWatchedIsWhatTheySay(t *testing.T) {
	running := func(started int) utilization.Pod { return utilization.Pod{Running: true, Started: at(started)} }
	ready := func(started, since int) utilization.Pod {
		p := running(started)
		p.Ready, p.ReadySince = true, at(since)
		return p
	}
	deleting := ready(-500, -500)
	deleting.Deleting = true
	pods := []utilization.Pod{ready(-40, -20), ready(-500, -400), running(-40), ready(10, 20), deleting, {Started: at(-50)}}
	got := backfill(pods, at(0), time.Minute)
	want := history{{at(-60), 1, 2}, {at(-40), 1, 4}, {at(-20), 2, 4}, {at(0), 3, 5}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("history = %v, want %v", got, want)
	}
}
