package reaction

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// began is when the jump of each test happens.
var began = time.Unix(1_800_000_000, 0)

func after(seconds float64) time.Time {
	return began.Add(time.Duration(seconds * float64(time.Second)))
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func TestTheTimeOfAJumpIsTakenApart(t *testing.T) {
	late := seconds(60)
	for name, test := range map[string]struct {
		measured, shown time.Time
		lag             time.Duration
		changes         []change
		want            path
	}{
		"a bucket ends, becomes visible, is collected and read": {
			measured: after(20), shown: after(95), lag: late,
			changes: []change{{after(104), 20}},
			want: path{
				measured: seconds(20), visible: late, collected: seconds(15), synced: seconds(9),
				enough: seconds(104), first: 20, peak: 20,
			},
		},
		"the first bucket shows a part of it, and the peak is beyond what is needed": {
			measured: after(5), shown: after(20),
			changes: []change{
				{after(22), 13}, {after(40), 19}, {after(55), 23}, {after(90), 20},
			},
			want: path{
				measured: seconds(5), collected: seconds(15), synced: seconds(2),
				enough: seconds(40), first: 13, peak: 23,
			},
		},
		"a bucket is complete before its last points have come": {
			measured: after(20), shown: after(45), lag: late,
			changes: []change{{after(50), 20}},
			want: path{
				measured: seconds(20), visible: seconds(25), synced: seconds(5),
				enough: seconds(50), first: 20, peak: 20,
			},
		},
		"the HPA was faster than the look": {
			measured: after(20), shown: after(95), lag: late,
			changes: []change{{after(94.5), 20}},
			want: path{
				measured: seconds(20), visible: late, collected: seconds(14.5),
				enough: seconds(94.5), first: 20, peak: 20,
			},
		},
		"a change downwards comes first": {
			measured: after(20), shown: after(95), lag: late,
			changes: []change{{after(3), 9}, {after(100), 20}},
			want: path{
				measured: seconds(20), visible: late, collected: seconds(15), synced: seconds(5),
				enough: seconds(100), first: 20, peak: 20,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := jump{at: began, lag: test.lag, pods: 10, measured: test.measured, shown: test.shown, changes: test.changes}.path()
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestAJumpWithoutEnoughReplicasHasNoPath(t *testing.T) {
	_, err := jump{at: began, pods: 10, measured: after(3), shown: after(9), changes: []change{{after(10), 18}}}.path()
	if err == nil || !strings.Contains(err.Error(), "at most 18 replicas, and 19 are enough") {
		t.Errorf("the error is %v", err)
	}
}

func TestTheMedianOfAnEvenNumberIsBetweenTheTwoInTheMiddle(t *testing.T) {
	if got := median([]time.Duration{1, 2, 6, 100}); got != 4 {
		t.Errorf("it is %d, want 4", got)
	}
	if got := median([]time.Duration{1, 2, 100}); got != 2 {
		t.Errorf("it is %d, want 2", got)
	}
}

func TestTheFirstBucketThatMakesAnHPAActIsFound(t *testing.T) {
	const width = 30 * time.Second
	var s series
	for i, percent := range []float64{99, 65, 76, 0, 90, 139} {
		nanocores := percent * 1e6
		value := &nanocores
		if percent == 0 {
			value = nil
		}
		s.Data.Attributes.Times = append(s.Data.Attributes.Times, after(float64(30*i-60)).UnixMilli())
		s.Data.Attributes.Values = [][]*float64{append(slices.Concat(s.Data.Attributes.Values...), value)}
	}
	end, ok := s.firstAbove(acts, began, width)
	if want := after(90); !ok || !end.Equal(want) {
		t.Errorf("it ends at %s (%t), want %s", end, ok, want)
	}
	if end, ok := s.firstAbove(150, began, width); ok {
		t.Errorf("a bucket that ends at %s is above 150 %%", end)
	}
	if _, ok := (series{}).firstAbove(acts, began, width); ok {
		t.Error("a bucket was found in nothing")
	}
}

func TestSitesStartAtMomentsOfAnInterval(t *testing.T) {
	const interval = 30 * time.Second
	at := time.Unix(0, 0).Add(1_000_000*interval + 12*time.Second)
	for offset, want := range map[time.Duration]time.Duration{
		0: 18 * time.Second, 12 * time.Second: 0, 20 * time.Second: 8 * time.Second,
	} {
		if got := untilPhase(at, interval, offset); got != want {
			t.Errorf("to the offset %s it takes %s, want %s", offset, got, want)
		}
	}
}
