package utilization_test

import (
	"errors"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/utilization"
)

// bucket ended so long ago, and so many Pods reported to it.
func bucket(end time.Duration, pods int) utilization.Usage { return usage(100, pods, end) }

// most answers that there were never more Running Pods than this.
func most(n int) func(utilization.Span) int { return func(utilization.Span) int { return n } }

func TestBucketThatCounts(t *testing.T) {
	const s = time.Second
	app := container("app", 200)
	started := func(ago time.Duration) func(*utilization.Pod) {
		return func(p *utilization.Pod) { p.Started = noon.Add(-ago) }
	}
	for name, test := range map[string]struct {
		pods    []utilization.Pod // 20 old ones if nil
		most    int               // 20 if 0
		buckets []utilization.Usage
		picked  time.Duration // the end of the one that counts, before noon
		failed  *utilization.CoverageError
		none    bool
	}{
		"the newest complete one":             {buckets: []utilization.Usage{bucket(60*s, 20), bucket(30*s, 20)}, picked: 30 * s},
		"nine tenths are complete":            {buckets: []utilization.Usage{bucket(60*s, 20), bucket(0, 18)}, picked: 0},
		"less than nine tenths are not":       {buckets: []utilization.Usage{bucket(30*s, 20), bucket(0, 17)}, picked: 30 * s},
		"one that has not ended is not there": {buckets: []utilization.Usage{bucket(10*s, 20), bucket(-s, 20)}, picked: 10 * s},
		"one that ends now has ended":         {buckets: []utilization.Usage{bucket(0, 20)}, picked: 0},
		"without a complete one, half of the Pods suffice a window later": {
			buckets: []utilization.Usage{bucket(60*s, 15), bucket(30*s, 10), bucket(0, 10)}, picked: 30 * s,
		},
		"half of the Pods do not suffice before, since late hosts may complete it": {
			buckets: []utilization.Usage{bucket(59*s, 10), bucket(29*s, 17)}, picked: 59 * s,
		},
		"a complete one is preferred to half a one that is two buckets newer": {
			buckets: []utilization.Usage{bucket(90*s, 20), bucket(60*s, 10), bucket(30*s, 10)}, picked: 90 * s,
		},
		"a complete one is not preferred to half a one that is three buckets newer": {
			buckets: []utilization.Usage{bucket(120*s, 20), bucket(90*s, 10), bucket(60*s, 10), bucket(30*s, 10)}, picked: 30 * s,
		},
		"with agents down on most nodes none counts, and the newest is named": {
			buckets: []utilization.Usage{bucket(60*s, 9), bucket(30*s, 8)},
			failed:  &utilization.CoverageError{Container: "app", Reported: 8, Expected: 20, Bucket: ago(30 * s)},
		},
		"one and a half times the Pods may report": {buckets: []utilization.Usage{bucket(0, 30)}, picked: 0},
		"more must be those of two clusters of one name": {
			buckets: []utilization.Usage{bucket(30*s, 20), bucket(0, 31)},
			failed:  &utilization.CoverageError{Container: "app", Reported: 31, Expected: 20, Bucket: ago(0)},
		},
		"half of the Pods of two clusters are not all of one": {
			buckets: []utilization.Usage{bucket(60*s, 40), bucket(30*s, 40), bucket(0, 20)},
			failed:  &utilization.CoverageError{Container: "app", Reported: 40, Expected: 20, Bucket: ago(30 * s)},
		},
		"a second cluster is forgotten three buckets later": {
			buckets: []utilization.Usage{bucket(90*s, 40), bucket(60*s, 20), bucket(30*s, 20), bucket(0, 20)}, picked: 0,
		},
		"after a scale-in the Pods that are gone are not another cluster's": {
			pods: pods(5, app), most: 20, buckets: []utilization.Usage{bucket(0, 20)}, picked: 0,
		},
		"what is too old to be preferred is not looked at, whoever reported it": {
			buckets: []utilization.Usage{bucket(180*s, 50), bucket(30*s, 10)}, picked: 30 * s,
		},
		"an unknown peak is not a peak of zero": {most: -1, buckets: []utilization.Usage{bucket(0, 20)}, picked: 0},
		"after a scale-out the new Pods are not missed": {
			pods: but(0, 15, started(20*s), pods(20, app)), buckets: []utilization.Usage{bucket(0, 5)}, picked: 0,
		},
		"a Pod that started with the bucket is expected": {
			pods: but(0, 15, started(30*s), pods(20, app)), buckets: []utilization.Usage{bucket(0, 5)},
			failed: &utilization.CoverageError{Container: "app", Reported: 5, Expected: 20, Bucket: ago(0)},
		},
		"where all Pods are younger all are expected": {
			pods: but(0, 20, started(20*s), pods(20, app)), buckets: []utilization.Usage{bucket(0, 5)},
			failed: &utilization.CoverageError{Container: "app", Reported: 5, Expected: 20, Bucket: ago(0)},
		},
		"Pods that are not Ready are expected, since they report": {
			pods:    but(0, 15, func(p *utilization.Pod) { p.Ready = false }, pods(20, app)),
			buckets: []utilization.Usage{bucket(0, 5)},
			failed:  &utilization.CoverageError{Container: "app", Reported: 5, Expected: 20, Bucket: ago(0)},
		},
		"Pods without the container, pending or being deleted are not expected": {
			pods: but(0, 5, having(container("log", 100)), but(5, 10, func(p *utilization.Pod) { p.Running = false },
				but(10, 15, func(p *utilization.Pod) { p.Deleting = true }, pods(20, app)))),
			buckets: []utilization.Usage{bucket(0, 5)}, picked: 0,
		},
		"without a bucket nothing is known":         {none: true},
		"with none that has ended nothing is known": {buckets: []utilization.Usage{bucket(-s, 20)}, none: true},
	} {
		t.Run(name, func(t *testing.T) {
			expected := utilization.Expected{Pods: test.pods, Most: most(test.most)}
			if test.pods == nil {
				expected.Pods = pods(20, app)
			}
			if test.most == 0 {
				expected.Most = most(20)
			}
			u, ok, err := utilization.PickBucket("app", test.buckets, expected, noon)
			if ok == test.none {
				t.Fatalf("ok is %v", ok)
			}
			if test.failed != nil {
				var e *utilization.CoverageError
				if !errors.As(err, &e) || *e != *test.failed {
					t.Errorf("got %+v and error %v, want %v", u, err, test.failed)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !test.none && *u.Span != ago(test.picked) {
				t.Errorf("got the bucket of %v ago, want that of %v", u.Age(noon), test.picked)
			}
		})
	}
}

func TestPeakIsAskedForTheBucketThatIsJudged(t *testing.T) {
	expected := utilization.Expected{Pods: pods(5, container("app", 200)), Most: func(s utilization.Span) int {
		if s == ago(30*time.Second) {
			return 20
		}
		return 5
	}}
	u, ok, err := utilization.PickBucket("app", []utilization.Usage{bucket(30*time.Second, 20)}, expected, noon)
	if !ok || err != nil || u.Pods != 20 {
		t.Errorf("got %+v, %v, %v", u, ok, err)
	}
}

func TestCoverageErrorAsksTheQuestionThatHelps(t *testing.T) {
	for name, test := range map[string]struct {
		reported int
		says     []string
	}{
		"too few":  {8, []string{"8 of 20 Pods reported container app", "2026-01-05T12:00:00Z", "agents down"}},
		"too many": {31, []string{"31 Pods reported container app", "2026-01-05T12:00:00Z", "at most 20", "two clusters"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := &utilization.CoverageError{Container: "app", Reported: test.reported, Expected: 20, Bucket: ago(0)}
			contains(t, e.Error(), test.says...)
		})
	}
}
