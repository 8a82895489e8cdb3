package outages

import (
	"slices"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/stage"
)

// wrongBy are clocks that are ahead and behind by more than data may be old.
var wrongBy = map[string]time.Duration{"five minutes ahead": 5 * time.Minute, "five minutes behind": -5 * time.Minute}

func TestDataOfAWrongTimeAreNotBelieved(t *testing.T) {
	for name, shift := range wrongBy {
		t.Run(name, func(t *testing.T) {
			w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
			serve(t, w, atTarget, "istio-proxy")
			seen := watch(t, 200*time.Millisecond, through(w))
			began := time.Now()
			disturb(t, datadogsim.Fault{Kind: datadogsim.TimesShifted, Shift: shift})
			awaitAnswer(t, through(w), held("FallbackScaleDown"))
			t.Logf("metrics-server answered %s after the clock was wrong", time.Since(began).Round(time.Second))
			setLoad(t, w, 6) // the Pod average rises to 65 %
			keepsReplicas(t, w, 4)
			if got := seen.Sources(); !slices.Equal(got, []string{"datadog", "metrics-server"}) {
				t.Errorf("the sources were %v", got)
			}

			heal(t)
			awaitReplicas(t, w, 6)
			awaitAnswer(t, through(w), reads("datadog", "istio-proxy", 70))
			noneFailed(t, seen)
			ofTheTime(t, seen)
		})
	}
}

func TestAWrongDateOfDatadogsAnswersChangesNothingAndIsLogged(t *testing.T) {
	for name, shift := range wrongBy {
		t.Run(name, func(t *testing.T) {
			w := stage.Workload{Namespace: namespace(t), Name: "item", Replicas: 4}
			serve(t, w, atTarget, "istio-proxy")
			seen := watch(t, 200*time.Millisecond, through(w))
			logged := len(shared.Adapter.Logs())
			disturb(t, datadogsim.Fault{Kind: datadogsim.DateShifted, Shift: shift})
			eventually(t, "the difference is logged", func() error {
				return saysAll(shared.Adapter.Logs()[logged:], "Our clock and Datadog's differ; check the time of this node")
			})
			keepsReplicas(t, w, 4)
			if got := seen.Sources(); !slices.Equal(got, []string{"datadog"}) { // before new Pods have to settle
				t.Errorf("the sources were %v", got)
			}
			setLoad(t, w, 6)
			awaitReplicas(t, w, 6)
			awaitAnswer(t, through(w), reads("datadog", "istio-proxy", 70))
			heal(t)
			eventually(t, "that it is over is logged", func() error {
				return saysAll(shared.Adapter.Logs()[logged:], "Our clock and Datadog's agree again")
			})
			keepsReplicas(t, w, 6)
			noneFailed(t, seen)
			ofTheTime(t, seen)
		})
	}
}

// disturb sets a fault of Datadog until heal or the end of the test.
func disturb(t *testing.T, f datadogsim.Fault) {
	t.Helper()
	t.Cleanup(func() { heal(t) })
	if err := shared.Datadog.SetFault(f); err != nil {
		t.Fatal(err)
	}
}

// ofTheTime reports the answers of a watch whose data are of the future, or
// older than any source's may be.
func ofTheTime(t *testing.T, seen *stage.Watch) {
	t.Helper()
	for _, a := range seen.Answers() {
		if !a.OK() {
			continue
		}
		// Timestamps are whole seconds.
		if age := a.At.Sub(a.Items[0].Timestamp.Time); age < -2*time.Second || age > time.Minute {
			t.Errorf("at %s the data are %s old: %s", a.At.Format(time.TimeOnly), age.Round(time.Second), a)
		}
	}
}
