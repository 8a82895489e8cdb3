package controller

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// said is what a controller manager says after so many good syncs of 3 ms each, of which 1 ms is spent at the client's limit, so
// many failed ones of 6 ms, and while so many HPAs wait.
const said = `
# TYPE horizontal_pod_autoscaler_controller_reconciliation_duration_seconds histogram
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_bucket{action="none",error="none",le="0.002"} 0
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_bucket{action="none",error="none",le="0.004"} %[1]d
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_bucket{action="none",error="none",le="0.008"} %[1]d
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_bucket{action="none",error="none",le="+Inf"} %[1]d
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_sum{action="none",error="none"} %[2]g
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_count{action="none",error="none"} %[1]d
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_bucket{action="none",error="internal",le="0.002"} 0
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_bucket{action="none",error="internal",le="0.004"} 0
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_bucket{action="none",error="internal",le="0.008"} %[3]d
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_bucket{action="none",error="internal",le="+Inf"} %[3]d
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_sum{action="none",error="internal"} %[4]g
horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_count{action="none",error="internal"} %[3]d
# TYPE horizontal_pod_autoscaler_controller_reconciliations_total counter
horizontal_pod_autoscaler_controller_reconciliations_total{action="none",error="none"} %[1]d
horizontal_pod_autoscaler_controller_reconciliations_total{action="none",error="internal"} %[3]d
# TYPE workqueue_depth gauge
workqueue_depth{name="deployment"} 17
workqueue_depth{name="horizontalpodautoscaler"} %[5]d
# TYPE rest_client_rate_limiter_duration_seconds histogram
rest_client_rate_limiter_duration_seconds_bucket{verb="GET",le="+Inf"} %[1]d
rest_client_rate_limiter_duration_seconds_sum{verb="GET"} %[6]g
rest_client_rate_limiter_duration_seconds_count{verb="GET"} %[1]d
`

func text(good, failed, waiting int) string {
	return fmt.Sprintf(said, good, 0.003*float64(good), failed, 0.006*float64(failed), waiting, 0.001*float64(good))
}

func at(t *testing.T, seconds int, text string) moment {
	t.Helper()
	m, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return moment{at: time.Unix(int64(seconds), 0), metrics: m, cpu: map[string]time.Duration{manager: time.Duration(seconds) * time.Millisecond}}
}

func near(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if off := got - want; off > time.Microsecond || off < -time.Microsecond {
		t.Errorf("%s is %s, want %s", what, got, want)
	}
}

func TestASliceIsWhatHappenedBetweenTwoMoments(t *testing.T) {
	// The first failure is one between the moments: its series is new.
	s := between(at(t, 10, strings.ReplaceAll(text(100, 0, 3), `error="internal"`, `error="spec"`)), at(t, 30, text(130, 10, 7)))
	if s.syncs != 40 || s.failed != 10 || s.scaled != 0 || s.depth != 7 {
		t.Errorf("there are %v syncs, %v failed, %v scaled, and %v wait; want 40, 10, 0 and 7", s.syncs, s.failed, s.scaled, s.depth)
	}
	near(t, "the mean sync", s.sync.mean(), 3750*time.Microsecond)
	near(t, "the mean sync without the limit", s.sync.mean()-s.waited(), 3*time.Millisecond)
	near(t, "the median, two thirds into the bucket from 2 to 4 ms", s.sync.quantile(0.5), 3333333*time.Nanosecond)
	near(t, "the p90, in the bucket from 4 to 8 ms", s.sync.quantile(0.9), 6400*time.Microsecond)
	near(t, "the time between two syncs of one of 200", s.every(200), 100*time.Second)
	near(t, "the CPU time a sync", s.perSync(s.cpu[manager]), 500*time.Microsecond)
}

func TestTwoSlicesAreOne(t *testing.T) {
	a, b, c := at(t, 0, text(0, 0, 9)), at(t, 10, text(10, 0, 5)), at(t, 40, text(40, 20, 1))
	both, once := between(a, b).plus(between(b, c)), between(a, c)
	if both.syncs != once.syncs || both.failed != once.failed || both.took != once.took || both.depth != 5 {
		t.Errorf("together they are %+v, and at once %+v", both, once)
	}
	near(t, "the mean", both.sync.mean(), once.sync.mean())
	near(t, "the p99", both.sync.quantile(0.99), once.sync.quantile(0.99))
	near(t, "the CPU time", both.cpu[manager], once.cpu[manager])
}

func TestOfNoSyncsNothingIsSaid(t *testing.T) {
	s := between(at(t, 0, text(5, 0, 0)), at(t, 10, text(5, 0, 0)))
	if s.sync.mean() != 0 || s.sync.quantile(0.99) != 0 || s.every(100) != 0 {
		t.Errorf("the mean is %s, the p99 %s and an HPA is synced every %s", s.sync.mean(), s.sync.quantile(0.99), s.every(100))
	}
}

func TestAGoalAllowsForTheSpreadOfTwoSlices(t *testing.T) {
	of := func(ms ...int) []slice {
		var all []slice
		for _, m := range ms {
			h := histogram{count: 100, sum: float64(m) / 10, upTo: map[float64]float64{}}
			for bound := 0.001; bound < 1; bound *= 2 {
				h.upTo[bound] = 0
				if bound >= float64(m)/1000 {
					h.upTo[bound] = 100
				}
			}
			h.upTo[1e9] = 100
			all = append(all, slice{syncs: 100, sync: h})
		}
		return all
	}
	for name, test := range map[string]struct {
		crest, resource []slice
		reached         bool
	}{
		"faster":                           {of(10, 10), of(12, 12), true},
		"slower, by less than the spread":  {of(11, 11), of(9, 11), true},
		"slower, and both slices are sure": {of(11, 11), of(10, 10), false},
		"slower by next to nothing":        {of(101, 101), of(100, 100), true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, g := range goals(1000, test.crest, test.resource) {
				if strings.Contains(g.What, "mean") && g.Reached != test.reached {
					t.Errorf("%+v: want reached to be %t", g, test.reached)
				}
			}
		})
	}
}
