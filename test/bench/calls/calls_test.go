package calls

import (
	"testing"
	"time"
)

const minutes = 5 // ten collections

func TestACollectionIsAsFewCallsAsTheBatchAllows(t *testing.T) {
	deployments := []string{"deployment"}
	some := func(n int) func(time.Duration) int {
		return func(passed time.Duration) int {
			if passed < time.Minute+10*time.Second {
				return 1
			}
			return n
		}
	}
	for name, c := range map[string]struct {
		story
		calls, queries int
	}{
		"one workload":                           {story{workloads: 1, kinds: deployments}, 10, 2},
		"as many as one call is about":           {story{workloads: 40, kinds: deployments}, 10, 2},
		"one more than that":                     {story{workloads: 41, kinds: deployments}, 20, 2},
		"three calls full":                       {story{workloads: 120, kinds: deployments}, 30, 2},
		"three kinds in one call":                {story{workloads: 40, kinds: []string{"deployment", "statefulset", "rollout"}}, 10, 6},
		"those that come together are one call":  {story{workloads: 40, kinds: deployments, there: some(40)}, 11, 2},
		"those that come together are two calls": {story{workloads: 80, kinds: deployments, there: some(80)}, 3 + 2 + 7*2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story
			s.what, s.most, s.length = name, 40, minutes*time.Minute
			got, err := s.tell(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.calls != c.calls {
				t.Errorf("%d calls to Datadog, want %d", got.calls, c.calls)
			}
			if got.queries != c.queries {
				t.Errorf("a call has %d queries, want %d", got.queries, c.queries)
			}
			// Once a minute, and when the first workload of a namespace comes.
			if most := (minutes + 1) * namespaces; got.lists > most {
				t.Errorf("Pod metrics were listed %d times for %d workloads, want at most %d", got.lists, s.workloads, most)
			}
		})
	}
}

func TestAnHourIsReckonedFromTheTimeThatWasSimulated(t *testing.T) {
	c := count{story: story{workloads: 2001, most: 1000, length: 10 * time.Minute}}
	if got := c.anHour(60); got != 360 {
		t.Errorf("60 calls in ten minutes are %d an hour, want 360", got)
	}
	if got := c.floor(); got != 58*120 {
		t.Errorf("the floor of 2,001 workloads is %d calls an hour, want 58 batches of 35 each half minute", got)
	}
	if got := c.needed(); got != 3*20 {
		t.Errorf("2,001 workloads need %d calls in ten minutes, want 60", got)
	}
}
