package outages

import (
	"slices"
	"testing"
	"time"

	"github.com/crest-hpa/crest/test/datadogsim"
	"github.com/crest-hpa/crest/test/scene"
	"github.com/crest-hpa/crest/test/stage"
)

// wrongBy are clocks that are ahead and behind by more than data may be old.
var wrongBy = map[string]time.Duration{"five minutes ahead": 5 * time.Minute, "five minutes behind": -5 * time.Minute}

func TestDataOfAWrongTimeAreNotBelieved(t *testing.T) {
	for name, shift := range wrongBy {
		t.Run(name, func(t *testing.T) {
			w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
			serve(t, w, atTarget, "istio-proxy")
			seen := scene.Watch(t, 200*time.Millisecond, shared.Maximum(w))
			began := time.Now()
			shared.Strike(t, datadogsim.Fault{Kind: datadogsim.TimesShifted, Shift: shift})
			scene.AwaitAnswer(t, shared.Maximum(w), held("FallbackScaleDown"))
			t.Logf("metrics-server answered %s after the clock was wrong", time.Since(began).Round(time.Second))
			shared.SetLoad(t, w, 6) // the Pod average rises to 65 %
			shared.KeepsReplicas(t, w, 4)
			if got := seen.Sources(); !slices.Equal(got, []string{"datadog", "metrics-server"}) {
				t.Errorf("the sources were %v", got)
			}

			shared.Heal(t)
			shared.AwaitReplicas(t, w, 6, 6)
			scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
			scene.NoneFailed(t, seen)
			ofTheTime(t, seen)
		})
	}
}

func TestAWrongDateOfDatadogsAnswersChangesNothingAndIsLogged(t *testing.T) {
	for name, shift := range wrongBy {
		t.Run(name, func(t *testing.T) {
			w := stage.Workload{Namespace: shared.Namespace(t), Name: "item", Replicas: 4}
			serve(t, w, atTarget, "istio-proxy")
			seen := scene.Watch(t, 200*time.Millisecond, shared.Maximum(w))
			logged := len(shared.Adapter.Logs())
			shared.Strike(t, datadogsim.Fault{Kind: datadogsim.DateShifted, Shift: shift})
			scene.Eventually(t, "the difference is logged", func() error {
				return scene.SaysAll(shared.Adapter.Logs()[logged:], "Our clock and Datadog's differ; check the time of this node")
			})
			shared.KeepsReplicas(t, w, 4)
			if got := seen.Sources(); !slices.Equal(got, []string{"datadog"}) { // before new Pods have to settle
				t.Errorf("the sources were %v", got)
			}
			shared.SetLoad(t, w, 6)
			shared.AwaitReplicas(t, w, 6, 6)
			scene.AwaitAnswer(t, shared.Maximum(w), reads("datadog", "istio-proxy", 70))
			shared.Heal(t)
			scene.Eventually(t, "that it is over is logged", func() error {
				return scene.SaysAll(shared.Adapter.Logs()[logged:], "Our clock and Datadog's agree again")
			})
			shared.KeepsReplicas(t, w, 6)
			scene.NoneFailed(t, seen)
			ofTheTime(t, seen)
		})
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
