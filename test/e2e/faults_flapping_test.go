package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// The thresholds of the common configuration, which are the defaults.
const (
	failureThreshold  = 2
	recoveryThreshold = 2
)

// Of the two workloads one is at the target, and held there by the fallback,
// which would else see 28.7 %; the other may follow both sources.
func TestADatadogThatFlapsMovesNoReplicasAndChangesSourcesOnlyAsTheThresholdsAllow(t *testing.T) {
	ns := shared.Namespace(t)
	hidden := stage.Workload{Namespace: ns, Name: "hidden", Replicas: 10}
	balanced := stage.Workload{Namespace: ns, Name: "balanced", Replicas: 4}
	shared.Serve(t, hidden, skewed)
	shared.Serve(t, balanced, nearlyBalanced)
	for _, w := range []stage.Workload{hidden, balanced} {
		shared.Scale(t, stage.HPA{For: w, Min: 2, Max: 30})
		awaitTrust(t, w)
		shared.AwaitFallback(t, w)
	}
	for name, test := range map[string]struct {
		bad, good, turns int
		// sources, if any, are all that may have answered, in this order.
		sources []string
		falls   bool
	}{
		"every other collection fails":  {bad: 1, good: 1, turns: 10, sources: []string{"datadog"}},
		"two of three fail":             {bad: 2, good: 1, turns: 6, falls: true},
		"two fail and two are well":     {bad: 2, good: 2, turns: 4, falls: true},
		"three fail and three are well": {bad: 3, good: 3, turns: 4, falls: true},
	} {
		t.Run(name, func(t *testing.T) {
			scene.AwaitAnswer(t, shared.Maximum(hidden), scene.Reads("datadog", 70, 2))
			scene.AwaitAnswer(t, shared.Maximum(balanced), scene.Reads("datadog", nearlyMax, 2))
			spec := map[string]int64{hidden.Name: generation(t, hidden), balanced.Name: generation(t, balanced)}
			seen := map[string]*stage.Watch{hidden.Name: scene.Watch(t, often, shared.Maximum(hidden)), balanced.Name: scene.Watch(t, often, shared.Maximum(balanced))}
			calls := limitCalls(t)
			begin := time.Now()
			flap(t, test.bad, test.good, test.turns)
			most := mostChanges(callsSince(begin))

			for _, w := range []stage.Workload{hidden, balanced} {
				scene.NoneFailed(t, seen[w.Name])
				sources := seen[w.Name].Sources()
				t.Logf("%s: %q answered, where %d changes are allowed", w.Name, sources, most)
				if changes := len(sources) - 1; changes > most {
					t.Errorf("%s: the source changed %d times, and the thresholds allow %d", w.Name, changes, most)
				}
				if test.sources != nil && !slices.Equal(sources, test.sources) {
					t.Errorf("%s: the sources were %q, want %q", w.Name, sources, test.sources)
				}
				if test.falls && !slices.Contains(sources, "metrics-server") {
					t.Errorf("%s: the sources were %q, and two failures in a row were to make metrics-server one", w.Name, sources)
				}
				if moved := generation(t, w) - spec[w.Name]; moved != 0 {
					t.Errorf("%s: its replicas were changed %d times under a constant load", w.Name, moved)
				}
			}
			staysNear(t, seen[hidden.Name], 70, 3)
			staysNear(t, seen[balanced.Name], (nearlyMax+nearlyAverage)/2, 4)
			calls()
		})
	}
}

// flap makes Datadog fail for so many calls and answer so many, in turns. It
// goes by the calls that it saw, and not by the time.
func flap(t *testing.T, bad, good, turns int) {
	t.Helper()
	t.Cleanup(func() { shared.Heal(t) })
	begin := time.Now()
	for turn := range turns {
		if err := shared.Datadog.SetFault(datadogsim.Fault{Kind: datadogsim.Status, Code: 503, Requests: bad}); err != nil {
			t.Fatal(err)
		}
		awaitCalls(t, begin, bad*(turn+1), failed)
		calls := callsSince(begin)
		last := calls[len(calls)-1-slices.IndexFunc(reversed(calls), failed)]
		awaitCalls(t, last.Time, good, func(r datadogsim.Request) bool { return !failed(r) })
	}
}

func failed(r datadogsim.Request) bool { return len(r.Faults) > 0 }

// awaitCalls waits for so many calls of a kind since a moment.
func awaitCalls(t *testing.T, since time.Time, n int, which func(datadogsim.Request) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), scene.Patience, fmt.Errorf("not within %s", scene.Patience))
	defer cancel()
	if err := shared.Datadog.WaitFor(ctx, since, n, which); err != nil {
		t.Fatal(err)
	}
}

// callsSince are the calls to Datadog that have ended, oldest first.
func callsSince(begin time.Time) []datadogsim.Request {
	return slices.DeleteFunc(shared.Datadog.Requests(), func(r datadogsim.Request) bool { return r.Time.Before(begin) })
}

func reversed(calls []datadogsim.Request) []datadogsim.Request {
	calls = slices.Clone(calls)
	slices.Reverse(calls)
	return calls
}

// mostChanges is how often the source may change over these calls: from
// Datadog, which answers at first, after so many failures in a row as the
// threshold says, and back after so many good ones.
func mostChanges(calls []datadogsim.Request) int {
	changes, bad, good := 0, 0, 0
	for _, r := range calls {
		if failed(r) {
			bad, good = bad+1, 0
		} else {
			bad, good = 0, good+1
		}
		onDatadog := changes%2 == 0
		if onDatadog && bad >= failureThreshold || !onDatadog && good >= recoveryThreshold {
			changes++
		}
	}
	return changes
}

// generation counts the changes of a Deployment's spec: of its replicas, since
// nothing else of it is changed here.
func generation(t *testing.T, w stage.Workload) int64 {
	t.Helper()
	d, err := shared.Cluster.Client().AppsV1().Deployments(w.Namespace).Get(t.Context(), w.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Generation
}

// staysNear reports every answer of a watch that is further from a value.
func staysNear(t *testing.T, seen *stage.Watch, value, off float64) {
	t.Helper()
	for _, a := range seen.Answers() {
		if err := scene.Within("the value", a.Value(), value, off); err != nil {
			t.Errorf("at %s: %v: %s", a.At.Format("15:04:05.000"), err, a)
		}
	}
}
