package collector_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/crest-hpa/crest/pkg/fallback"
	"github.com/crest-hpa/crest/pkg/utilization"
)

// manyWorkloads are 60 in three namespaces; item of the scene is in one of them.
func manyWorkloads(s *scene) {
	for i := range 60 {
		w := utilization.Workload{Kind: "deployment", Namespace: []string{"shop", "pay", "search"}[i%3], Name: fmt.Sprintf("item-%d", i)}
		s.world.want(utilization.Selection{Workload: w})
	}
}

func TestCostOfAnOutageIsOneReadOfEachNamespaceAnIntervalHoweverManyWorkloadsThereAre(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		manyWorkloads(s)
		s.datadog.err = errors.New("status 503")
		s.start()
		s.pass(10 * time.Minute)
		reads := s.metricsServer.read()
		namespaces := 0
		for _, read := range reads {
			namespaces += len(read)
			if distinct := slices.Compact(slices.Sorted(slices.Values(read))); len(distinct) != len(read) || len(read) > 3 {
				t.Errorf("one read asks for %q", read)
			}
		}
		// Ten minutes are 40 intervals; the first Tick may find more to read.
		if most := 3 * 42; namespaces > most || namespaces < 3*40 {
			t.Errorf("three namespaces were read %d times in ten minutes, want 120 to %d", namespaces, most)
		}
	})
}

func TestCostOfManyWorkloadsIsOneQuestionToDatadogAnInterval(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		manyWorkloads(s)
		s.start()
		s.pass(10 * time.Minute)
		asked := s.datadog.asked()
		for _, names := range asked {
			if len(names) != 61 {
				t.Errorf("one question is about %d workloads, want all 61", len(names))
			}
		}
		if len(asked) != 21 {
			t.Errorf("Datadog was asked %d times in ten minutes, want 21", len(asked))
		}
	})
}

func TestCostOfAStartDoesNotGrowWhileTheWorkloadsBecomeKnownOneByOne(t *testing.T) {
	play(t, func(t *testing.T, s *scene) {
		manyWorkloads(s)
		var unknown []utilization.Workload
		for _, want := range s.world.wants {
			w := want.Selection.Workload
			unknown = append(unknown, w)
			s.world.errs[w] = &utilization.PendingError{Workload: w, What: "its scale, which tells its Pods, is being read"}
		}
		s.start()
		s.pass(5 * time.Second)
		if reads := s.metricsServer.read(); len(reads) != 0 {
			t.Errorf("metrics-server was read for Pods that nobody knows: %q", reads)
		}
		for _, w := range unknown {
			s.world.do(func() { delete(s.world.errs, w) })
			s.world.changes <- struct{}{}
			s.pass(time.Second)
		}
		seen := map[string]int{}
		for _, namespaces := range s.metricsServer.read() {
			for _, namespace := range namespaces {
				seen[namespace]++
			}
		}
		// At once when its first Pods are known, and at most once an interval from then on.
		for _, namespace := range []string{"shop", "pay", "search"} {
			if n := seen[namespace]; n < 1 || n > 5 {
				t.Errorf("namespace %s was read %d times in a minute, want 1 to 5", namespace, n)
			}
		}
		for _, w := range unknown {
			if r, err := s.max(utilization.Selection{Workload: w}); err != nil || r.Source != fallback.Datadog {
				t.Errorf("%s is answered by %s, %v; want Datadog", w, r.Source, err)
			}
		}
	})
}
