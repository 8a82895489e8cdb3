package defaults

import (
	"fmt"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
)

func TestWhatCrestStandsOnGoesAndComesBack(t *testing.T) {
	t.Parallel()
	s := start(t, stage.Config{})
	w := stage.Workload{Namespace: "shop", Name: "item", Replicas: resting}
	serve(t, s, w, atTarget, mostReplicas, 0)
	seen := follow(t, s, []stage.Workload{w})
	settled(t, s, seen, []stage.Workload{w})

	t.Run("Datadog answers 429 and says to come back in two minutes", func(t *testing.T) { comeBack(t, s, seen, w) })
	t.Run("a thousand readers ask at once", func(t *testing.T) { crowd(t, s, seen, w) })
	t.Run("the kube-apiserver restarts", func(t *testing.T) { restarted(t, s, seen, w) })
	t.Run("Datadog answers 403, and the adapter is killed meanwhile", func(t *testing.T) {
		forbidden(t, s, seen, w)
		killed(t, s, seen, w)
	})
}

// comeBack is one 429 whose rate limit resets in two minutes.
func comeBack(t *testing.T, s *stage.Stage, seen *diary, w stage.Workload) {
	t.Helper()
	const reset = 2 * time.Minute
	began := time.Now()
	strike(t, s, datadogsim.Fault{Kind: datadogsim.Status, Code: 429, Delay: reset, Requests: 1})
	await(t, interval+reset+slack, "Datadog is asked again", func() error {
		if n := len(calls(s, began)); n < 2 {
			return fmt.Errorf("%d calls", n)
		}
		return nil
	})
	made := calls(s, began)
	if made[0].Status != 429 {
		t.Fatalf("the first call was answered %d", made[0].Status)
	}
	wait := made[1].Time.Sub(made[0].Time)
	t.Logf("measured: the next call came after %s", wait.Round(100*time.Millisecond))
	if wait < reset {
		t.Errorf("after a 429 whose limit resets in %s the next call came after %s", reset, wait)
	}
	awaitTurn(t, seen, w, made[1].Time, "datadog", recovery)
	// A sample that was young enough still serves when Datadog may be asked again.
	sources := rested(t, s, seen, w, began)
	t.Logf("measured: the sources were %q", sources)
	if len(sources) > 3 {
		t.Errorf("one 429 changed the source more than there and back: %q", sources)
	}
	// For one interval the budget was that of before the reset.
	await(t, 3*time.Minute, "Datadog is asked once an interval again", func() error {
		since := calls(s, made[1].Time)
		if n := len(since); n < 2 || since[n-1].Time.Sub(since[n-2].Time) > interval+time.Second {
			return fmt.Errorf("%d calls since it was asked again, the last two too far apart", n)
		}
		return nil
	})
	wantCalls(t, s, made[1].Time, 1, interval)
}
